import { expect, onTestFinished, test } from "vitest";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { openSoftStateInRedis } from "#infra/runtime/soft-state/in-redis.ts";
import type { AdmitOperation, SoftOperation, SoftResult } from "#infra/runtime/soft-state/soft-state.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { startRedisServer } from "#test/support/redis-server.ts";

/** So long that no time passes while the test runs. */
const ttlMs = 30 * 24 * 3_600_000;

test("answers a thousand random operations in the process as Redis does", async () => {
  const server = await startRedisServer();
  onTestFinished(() => server.close());
  const redis = await openSoftStateInRedis({ url: server.url, timeoutMs: 5_000 });
  onTestFinished(() => redis.close());
  const local = createSoftStateInProcess({ clock: createFakeClock() });
  onTestFinished(() => local.close());
  const random = seededRandom(11);
  for (let step = 0; step < 1_000; step += 1) {
    const operation = randomOperation(random);
    const [here, there] = [await local.apply([operation]), await redis.apply([operation])];
    expect(timeless(here), `step ${step}: ${JSON.stringify(operation)}`).toEqual(timeless(there));
  }
});

function randomOperation(random: Random): SoftOperation {
  const tag = `tenant ${random.integer(0, 2)}`;
  const name = (kind: string) => `${kind} ${random.integer(0, 2)}`;
  switch (random.integer(0, 6)) {
    case 0:
      return { kind: "leave", tag, key: name("places"), member: `m${random.integer(0, 4)}` };
    case 1:
      return {
        kind: "settle",
        tag,
        key: name("receipt"),
        spent: Array.from({ length: random.integer(0, 3) }, (_, place) => ({
          key: `budget ${place}`,
          amount: random.integer(0, 10),
        })),
      };
    case 2:
      return { kind: "release", tag, key: name("claim"), token: `t${random.integer(0, 1)}` };
    case 3:
      return random.chance(0.5)
        ? { kind: "set", tag, key: name("value"), value: "made", ttlMs }
        : { kind: "delete", tag, key: name(random.chance(0.5) ? "value" : "rate") };
    default:
      return randomAdmission(random, tag);
  }
}

function randomAdmission(random: Random, tag: string): AdmitOperation {
  const some = <Item>(most: number, make: (place: number) => Item): readonly Item[] =>
    Array.from({ length: random.integer(0, most) }, (_, place) => make(place));
  const places = some(3, (place) => ({
    key: `places ${place}`,
    member: `m${random.integer(0, 4)}`,
    most: random.integer(0, 4),
    ttlMs,
  }));
  return {
    kind: "admit",
    tag,
    rates: some(3, (place) => ({
      key: `rate ${place}`,
      most: 40,
      periodMs: ttlMs,
      burst: 40,
      cost: random.integer(0, 3),
    })),
    ...(random.chance(0.4) ? { places } : {}),
    ...(random.chance(0.7) ? { receipt: { key: `receipt ${random.integer(0, 2)}`, ttlMs } } : {}),
    budgets: some(3, (place) => ({
      key: `budget ${place}`,
      most: random.chance(0.1) ? Number.POSITIVE_INFINITY : 60,
      seed: random.chance(0.2) ? random.integer(0, 30) : 0,
      cost: random.integer(0, 4),
      costEach: random.integer(0, 2),
      ttlMs,
    })),
    lookups: some(4, (place) => ({
      key: `value ${random.integer(0, 2)}`,
      ...(random.chance(0.3) ? { free: true } : {}),
      ...(random.chance(0.5)
        ? { claim: { key: `claim ${place % 3}`, token: `t${random.integer(0, 1)}`, ttlMs } }
        : {}),
    })),
  };
}

/** The two clocks differ by seconds at most, in waits of hours and days. */
function timeless(results: readonly SoftResult[]): unknown {
  return JSON.parse(
    JSON.stringify(results, (key, value: unknown) => {
      if (value === Number.POSITIVE_INFINITY) return "never";
      // There is one value only, so that its being there says all.
      if (key === "value" && value !== undefined) return "there";
      return (key === "retryMs" || key === "resetMs") && typeof value === "number"
        ? Math.round(value / 3_600_000)
        : value;
    }),
  );
}
