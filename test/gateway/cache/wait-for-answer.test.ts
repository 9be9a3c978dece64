import { expect, test } from "vitest";
import type { CachedAnswer } from "#gateway/cache/cached-answer.ts";
import { createFlights } from "#gateway/cache/single-flight.ts";
import { ask, claimMs, fleet, pumped, turns } from "./gateway-fleet.ts";
import { finished, sampleKey } from "./sample-answer.ts";

const policy = { ttlMs: 60_000, staleMs: 30_000, jitter: 0 };
const { signal } = new AbortController();

test("a hundred identical requests over two gateways cause one run", async () => {
  const { gateways, clock } = fleet();
  const flights = [
    createFlights<CachedAnswer | undefined>(),
    createFlights<CachedAnswer | undefined>(),
  ] as const;
  let runs = 0;
  const answers = Array.from({ length: 100 }, async (_, place) => {
    const side = place % 2 === 0 ? 0 : 1;
    const { cache } = gateways[side];
    const { answer, claimed } = await ask(gateways[side]);
    if (answer) return answer;
    return await flights[side].fly(sampleKey.name, undefined, async (flight) => {
      const other = claimed
        ? undefined
        : await cache.waitForOther(sampleKey, { signal: flight, mostMs: 900 });
      if (other) return other;
      runs += 1;
      await clock.sleep(120);
      return cache.save(sampleKey, finished, policy);
    });
  });
  const heard = await pumped(clock, Promise.all(answers));
  expect(runs).toBe(1);
  for (const answer of heard) expect(answer).toMatchObject(finished);
});

test("who flies for a process learns of a claim that another request of it took meanwhile", async () => {
  const { gateways, clock } = fleet();
  const [one, two] = gateways;
  await ask(one);
  await ask(two);
  const began = clock.now();
  const waiting = two.cache.waitForOther(sampleKey, { signal, mostMs: 900 });
  one.cache.giveUp(sampleKey);
  expect((await ask(two)).claimed).toBe(true);
  expect(await pumped(clock, waiting)).toBeUndefined();
  expect(clock.now() - began).toBeLessThanOrEqual(5);
  two.cache.save(sampleKey, finished, policy);
  await two.cache.settled();
  expect((await ask(one)).answer).toMatchObject(finished);
});

test("a maker who dies is replaced when the claim lapses, by one alone", async () => {
  const { gateways, clock } = fleet({ count: 3 });
  const [dead, two, three] = gateways;
  expect((await ask(dead)).claimed).toBe(true);
  await ask(two);
  await ask(three);
  const outcomes: string[] = [];
  const began = clock.now();
  const waiting = [two, three].map(async ({ cache }) => {
    if (await cache.waitForOther(sampleKey, { signal, mostMs: 5_000 })) return void outcomes.push("heard");
    outcomes.push(`made after ${clock.now() - began >= claimMs}`);
    await clock.sleep(100);
    cache.save(sampleKey, finished, policy);
  });
  await pumped(clock, Promise.all(waiting));
  expect(outcomes).toEqual(["made after true", "heard"]);
  expect(clock.now() - began).toBeLessThan(claimMs + 300);
});

test("who waits is told at once when the maker gives up, and goes on after the longest wait", async () => {
  const { gateways, clock } = fleet();
  const [one, two] = gateways;
  await ask(one);
  await ask(two);
  const began = clock.now();
  expect(await pumped(clock, two.cache.waitForOther(sampleKey, { signal, mostMs: 300 }))).toBeUndefined();
  expect(clock.now() - began).toBe(300);
  const waiting = two.cache.waitForOther(sampleKey, { signal, mostMs: 900 });
  one.cache.giveUp(sampleKey);
  one.cache.giveUp(sampleKey);
  expect(await pumped(clock, waiting)).toBeUndefined();
  expect(clock.now() - began).toBeLessThan(360);
});

test("nobody waits for a claim that their own process holds", async () => {
  const { gateways, soft } = fleet();
  const [one] = gateways;
  expect([(await ask(one)).claimed, (await ask(one)).claimed]).toEqual([true, false]);
  expect(await one.cache.waitForOther(sampleKey, { signal, mostMs: 5_000 })).toBeUndefined();
  expect(soft.calls).toHaveLength(2);
});

test("who waits grows its pauses, and leaves with the reason of its signal", async () => {
  const { gateways, clock, soft } = fleet();
  const [one, two] = gateways;
  await ask(one);
  const stop = new AbortController();
  const waiting = two.cache.waitForOther(sampleKey, { signal: stop.signal, mostMs: 900 });
  const left = expect(waiting).rejects.toThrow("left");
  const looks: number[] = [];
  for (let ms = 0; ms < 200; ms += 1) {
    const before = soft.calls.length;
    clock.advance(1);
    await turns();
    if (soft.calls.length > before) looks.push(ms + 1);
  }
  expect(looks).toEqual([5, 15, 35, 75, 125, 175]);
  stop.abort(new Error("left"));
  await left;
});

test("who waits and finds an answer that won't do does the work after one look", async () => {
  const { gateways, clock, soft } = fleet();
  const [one, two] = gateways;
  one.cache.save(sampleKey, finished, policy);
  await one.cache.settled();
  const seen: string[] = [];
  const accept = ({ backend }: CachedAnswer) => seen.push(backend) > 1;
  const wait = () => pumped(clock, two.cache.waitForOther(sampleKey, { signal, mostMs: 900, accept }));
  expect(await wait()).toBeUndefined();
  expect(await wait()).toMatchObject(finished);
  expect([seen.length, soft.calls.length]).toEqual([2, 3]);
});

test("a claim that lapsed here is not given back, since another may have it", async () => {
  const { gateways, clock, soft } = fleet();
  const [one, two] = gateways;
  await ask(one);
  clock.advance(claimMs);
  expect((await ask(two)).claimed).toBe(true);
  one.cache.giveUp(sampleKey);
  await one.cache.settled();
  expect(soft.calls).toHaveLength(2);
  expect((await ask(one)).claimed).toBe(false);
});
