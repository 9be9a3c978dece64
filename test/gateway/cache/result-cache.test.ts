import { expect, test } from "vitest";
import { cacheKey } from "#gateway/cache/cache-key.ts";
import { freshness } from "#gateway/cache/cached-answer.ts";
import { maxEntryBytes } from "#gateway/cache/entry.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { ask, fleet, gatewayOver, plant, pumped, stored } from "./gateway-fleet.ts";
import { finished, sampleKey, sampleParts } from "./sample-answer.ts";

const policy = { ttlMs: 60_000, staleMs: 30_000, jitter: 0 };
const { signal } = new AbortController();

test("a saved answer is found in memory here and through the soft state elsewhere", async () => {
  const { gateways, clock } = fleet();
  const [one, two] = gateways;
  await ask(one);
  const kept = one.cache.save(sampleKey, finished, policy);
  expect(kept).toMatchObject({ ...finished, storedAt: clock.now(), staleUntil: clock.now() + 90_000 });
  expect(one.cache.peek(sampleKey)).toEqual(kept);
  await one.cache.settled();
  expect(two.cache.peek(sampleKey)).toBeUndefined();
  expect((await ask(two)).answer).toEqual(kept);
  expect(two.cache.peek(sampleKey)).toEqual(kept);
});

test("an answer is fresh, then stale, then gone, in memory and elsewhere alike", async () => {
  const { gateways, clock, soft } = fleet();
  const [one, two] = gateways;
  one.cache.save(sampleKey, finished, policy);
  await one.cache.settled();
  const states = [];
  for (const ms of [59_999, 1, 29_999, 1]) {
    clock.advance(ms);
    const [near, far] = [one.cache.peek(sampleKey), (await ask(two)).answer];
    states.push([near && freshness(near, clock.now()), far && freshness(far, clock.now())]);
  }
  expect(states).toEqual([
    ["fresh", "fresh"],
    ["stale", "stale"],
    ["stale", "stale"],
    [undefined, undefined],
  ]);
  expect(soft.calls.length).toBeGreaterThan(4);
});

test("jitter only shortens the life of a cached answer, by no more than its share", () => {
  const lives = [0, 0.5, 0.999].map((luck) => {
    const [{ cache }] = fleet({ luck }).gateways;
    const kept = cache.save(sampleKey, finished, { ...policy, jitter: 0.2 });
    return kept && [kept.freshUntil - kept.storedAt, kept.staleUntil - kept.storedAt];
  });
  expect(lives).toEqual([
    [60_000, 90_000],
    [54_000, 81_000],
    [48_012, 72_018],
  ]);
});

test("an answer that may not be kept, or is too large, is stored nowhere and ends its claim", async () => {
  const large = { ...finished, core: "x".repeat(maxEntryBytes) };
  for (const [answer, kept] of [
    [large, policy],
    [finished, { ttlMs: 0, staleMs: 0, jitter: 0 }],
  ] as const) {
    const [one, two] = fleet().gateways;
    expect((await ask(one)).claimed).toBe(true);
    expect(one.cache.save(sampleKey, answer, kept)).toBeUndefined();
    await one.cache.settled();
    expect([one.cache.peek(sampleKey), await stored(one, sampleKey)]).toEqual([undefined, undefined]);
    expect((await ask(two)).claimed).toBe(true);
  }
});

test("another tenant who writes their entry under a key of mine gives me a miss", async () => {
  const { gateways, skipped } = fleet();
  const [one, two] = gateways;
  const evilKey = cacheKey({ ...sampleParts, tenant: "evil" });
  one.cache.save(evilKey, finished, policy);
  await one.cache.settled();
  const value = await stored(one, evilKey);
  if (!value) throw new Error("nothing was stored");
  await plant(one, sampleKey, value);
  expect((await ask(two)).answer).toBeUndefined();
  expect(two.cache.peek(sampleKey)).toBeUndefined();
  expect(skipped).toEqual(["result cache"]);
});

test("one who waits for a damaged entry does the work after one look, and repairs it", async () => {
  const { gateways, soft, clock } = fleet();
  const [one, two] = gateways;
  await plant(one, sampleKey, Buffer.from("rubbish"));
  expect(await ask(one)).toMatchObject({ answer: undefined, claimed: false });
  expect(await pumped(clock, one.cache.waitForOther(sampleKey, { signal, mostMs: 5_000 }))).toBeUndefined();
  expect(soft.calls).toHaveLength(3);
  one.cache.save(sampleKey, finished, policy);
  await one.cache.settled();
  expect((await ask(two)).answer).toMatchObject(finished);
});

test("an answer dated by a clock ahead lives no longer than it was meant to", async () => {
  const { gateways, soft, clock } = fleet();
  const ahead = createFakeClock({ startAt: clock.now() + 3_600_000 });
  const far = gatewayOver(soft.softState, ahead, 9);
  far.cache.save(sampleKey, finished, policy);
  await far.cache.settled();
  const { answer } = await ask(gateways[0]);
  expect(answer).toMatchObject({ storedAt: clock.now(), staleUntil: clock.now() + 90_000 });
});

test("an older answer from the soft state never replaces a newer one in memory", async () => {
  const { gateways, soft, clock } = fleet();
  const [one] = gateways;
  one.cache.save(sampleKey, finished, policy);
  await one.cache.settled();
  clock.advance(10);
  soft.before(() => Promise.reject(new Error("away")));
  const newer = one.cache.save(sampleKey, { ...finished, core: '"newer":1' }, policy);
  await one.cache.settled();
  soft.before(async () => undefined);
  expect((await ask(one)).answer).toEqual(newer);
});

test("a soft state that is away hurts no call of the result cache, and is only told", async () => {
  const { gateways, soft, clock, skipped } = fleet();
  const [one, two] = gateways;
  await ask(one);
  await ask(two);
  soft.before(() => Promise.reject(new Error("away")));
  expect(await pumped(clock, two.cache.waitForOther(sampleKey, { signal, mostMs: 900 }))).toBeUndefined();
  const kept = one.cache.save(sampleKey, finished, policy);
  two.cache.giveUp(sampleKey);
  await one.cache.settled();
  expect(one.cache.peek(sampleKey)).toEqual(kept);
  expect(skipped).toEqual(["result cache", "result cache"]);
});

test("writes to a soft state that never answers are bounded, and beyond it memory alone keeps", async () => {
  const { gateways, soft, skipped } = fleet();
  const [{ cache }] = gateways;
  const answered = Promise.withResolvers<void>();
  soft.before(() => answered.promise);
  // Sixty-four go in one call, and four calls may be under way.
  const keys = Array.from({ length: 300 }, (_, n) => cacheKey({ ...sampleParts, digest: `${n}` }));
  for (const key of keys) cache.save(key, finished, policy);
  expect(soft.calls).toHaveLength(4);
  expect(keys.every((key) => cache.peek(key))).toBe(true);
  expect(skipped).toHaveLength(300 - 4 * 64);
  answered.resolve();
  await cache.settled();
  cache.save(sampleKey, finished, policy);
  await cache.settled();
  expect(soft.calls).toHaveLength(5);
});

test("a stale answer is made anew once at a time here, and so many of them together", () => {
  const [{ cache }] = fleet().gateways;
  const key = (digest: string) => cacheKey({ ...sampleParts, digest });
  const first = cache.claimRefresh(sampleKey);
  expect([first === undefined, cache.claimRefresh(sampleKey)]).toEqual([false, undefined]);
  expect(cache.claimRefresh(key("b"))).toBeDefined();
  expect(cache.claimRefresh(key("c"))).toBeUndefined();
  first?.[Symbol.dispose]();
  const second = cache.claimRefresh(sampleKey);
  first?.[Symbol.dispose]();
  expect(second).toBeDefined();
  expect(cache.claimRefresh(sampleKey)).toBeUndefined();
});
