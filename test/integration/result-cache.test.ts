import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type CacheKey, cacheKey } from "#gateway/cache/cache-key.ts";
import type { CachedAnswer, FinishedAnswer } from "#gateway/cache/cached-answer.ts";
import { MemoryTier } from "#gateway/cache/memory-tier.ts";
import { createResultCache } from "#gateway/cache/result-cache.ts";
import { createFlights } from "#gateway/cache/single-flight.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import { type RedisServer, startRedisServer } from "#test/support/redis-server.ts";

const policy = { ttlMs: 60_000, staleMs: 30_000, jitter: 0.1 };

const finished: FinishedAnswer = {
  core: '"detections":[]',
  model: "digits",
  version: "1",
  precision: "fp32",
  backend: "static-1",
};

let shared: RedisServer;
let asked = 0;

beforeAll(async () => {
  shared = await startRedisServer();
});

afterAll(() => shared.close());

test("over two gateways and one Redis a hundred identical requests cause one run", async () => {
  const [one, two] = [await openGateway(), await openGateway()];
  const key = newKey();
  let runs = 0;
  const work = async (): Promise<FinishedAnswer> => {
    runs += 1;
    await sleep(150);
    return finished;
  };
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, place) => (place % 2 === 0 ? one : two).request(key, work)),
  );
  expect(runs).toBe(1);
  for (const answer of answers) expect(answer).toMatchObject(finished);
  const late = await openGateway();
  await Promise.all([one.cache.settled(), two.cache.settled()]);
  expect(await late.request(key, work)).toMatchObject(finished);
  expect(runs).toBe(1);
});

test("of two gateways that wait for one that died, one takes its claim over when it lapses", async () => {
  const [dead, two, three] = [await openGateway(300), await openGateway(300), await openGateway(300)];
  const key = newKey();
  const began = performance.now();
  expect((await dead.ask(key)).claimed).toBe(true);
  let runs = 0;
  const work = async (): Promise<FinishedAnswer> => {
    runs += 1;
    expect(performance.now() - began).toBeGreaterThan(250);
    return finished;
  };
  const answers = await Promise.all([two.request(key, work), three.request(key, work)]);
  expect(runs).toBe(1);
  for (const answer of answers) expect(answer).toMatchObject(finished);
});

test("a run that fails gives its claim up, and the other gateway tries for itself", async () => {
  const [one, two] = [await openGateway(), await openGateway()];
  const key = newKey();
  const failing = one.request(key, async () => {
    await sleep(60);
    throw new Error("no backend");
  });
  await one.claimed;
  const other = two.request(key, async () => finished);
  await expect(failing).rejects.toThrow("no backend");
  expect(await other).toMatchObject(finished);
});

test("the entry of one tenant under the key of another is a miss in Redis too", async () => {
  const [one, two] = [await openGateway(), await openGateway()];
  const [mine, evil] = [newKey("acme"), newKey("evil")];
  await one.request(evil, async () => ({ ...finished, core: '"detections":["evil"]' }));
  await one.cache.settled();
  const { key: place } = one.cache.lookup(evil);
  const [value] = await one.soft.apply([{ kind: "get", tag: evil.tag, key: place }]);
  if (!value) throw new Error("nothing was stored");
  const planted = one.cache.lookup(mine).key;
  await one.soft.apply([{ kind: "set", tag: mine.tag, key: planted, value, ttlMs: 60_000 }]);
  expect(await two.request(mine, async () => finished)).toMatchObject(finished);
});

test("with Redis paused and then killed every call of the result cache resolves soon, told aside", async () => {
  const server = await startRedisServer();
  onTestFinished(() => server.close());
  const skipped: string[] = [];
  onTestFinished(sideConcernSkipped.subscribe(({ what }) => void skipped.push(what)));
  const [one, two] = [await openGateway(5_000, server.url), await openGateway(5_000, server.url)];
  const key = newKey();
  expect((await one.ask(key)).claimed).toBe(true);
  await two.ask(key);
  for (const harm of [async () => server.pause(), () => server.kill()]) {
    await harm();
    const began = performance.now();
    const { signal } = new AbortController();
    expect(await two.cache.waitForOther(key, { signal, mostMs: 10_000 })).toBeUndefined();
    expect(one.cache.save(key, finished, policy)).toMatchObject(finished);
    expect(one.cache.peek(key)).toMatchObject(finished);
    one.cache.giveUp(key);
    await one.cache.settled();
    expect(performance.now() - began).toBeLessThan(2_000);
  }
  expect(skipped).toEqual(["result cache", "result cache", "result cache", "result cache"]);
});

/** What a gateway does with one image: ask on the way in, fly, and wait for others or work. */
async function openGateway(claimMs = 5_000, url = shared.url) {
  const softState = await openSoftStateInRedis({ url, timeoutMs: url === shared.url ? 2_000 : 100 });
  onTestFinished(() => softState.close());
  const memory = new MemoryTier({ clock: systemClock });
  const cache = createResultCache({ softState, memory, clock: systemClock, chance: systemChance, claimMs });
  const flights = createFlights<CachedAnswer | undefined>();
  const firstClaim = Promise.withResolvers<void>();
  const ask = async (key: CacheKey) => {
    const admit = {
      kind: "admit",
      tag: key.tag,
      rates: [],
      budgets: [],
      lookups: [cache.lookup(key)],
    } as const;
    const [{ found }] = await softState.apply([admit]);
    const first = found[0] ?? { value: undefined, claimed: false };
    if (first.claimed) firstClaim.resolve();
    return { answer: cache.heard(key, first), claimed: first.claimed };
  };
  const request = async (key: CacheKey, work: () => Promise<FinishedAnswer>) => {
    const { answer, claimed } = await ask(key);
    if (answer) return answer;
    return await flights.fly(key.name, undefined, async (signal) => {
      const other = claimed ? undefined : await cache.waitForOther(key, { signal, mostMs: 10_000 });
      if (other) return other;
      try {
        return cache.save(key, await work(), policy);
      } catch (error) {
        cache.giveUp(key);
        throw error;
      }
    });
  };
  return { cache, soft: softState, ask, request, claimed: firstClaim.promise };
}

/** No test meets the entries of another. */
function newKey(tenant = "acme"): CacheKey {
  asked += 1;
  const parameters = `request ${asked} of ${process.pid}`;
  return cacheKey({ tenant, model: "digits", version: "1", answerClass: "fp32", parameters, digest: "d" });
}
