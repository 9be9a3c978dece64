import { expect, test } from "vitest";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { Rate } from "#infra/runtime/soft-state/soft-state.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

/** The algorithm as it is written down: one theoretical arrival time, in fractions of a microsecond without rounding. */
function createReference({ most, periodMs, burst, cost }: Rate) {
  const scale = BigInt(most);
  const period = BigInt(periodMs) * 1_000n;
  let arrival = 0n;
  const wouldPass = (nowUs: number): boolean => {
    const now = BigInt(nowUs) * scale;
    return later(arrival, now) + BigInt(cost) * period - now <= BigInt(burst) * period;
  };
  return {
    wouldPass,
    ask: (nowUs: number): boolean => {
      if (!wouldPass(nowUs)) return false;
      arrival = later(arrival, BigInt(nowUs) * scale) + BigInt(cost) * period;
      return true;
    },
    remaining: (nowUs: number): number => {
      const now = BigInt(nowUs) * scale;
      return Number((BigInt(burst) * period - (later(arrival, now) - now)) / period);
    },
  };
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);

test("passes exactly what the cell rate algorithm passes in unlimited arithmetic, and waits exactly as long", async () => {
  const random = seededRandom(4);
  for (let round = 0; round < 60; round += 1) {
    const clock = createFakeClock();
    await using soft = createSoftStateInProcess({ clock });
    const rate = randomRate(random);
    const reference = createReference(rate);
    // The clock counts in quarters of a millisecond, which are whole microseconds and exact in floating point.
    clock.advance(random.integer(1, 4_000_000) / 4);
    for (let step = 0; step < 60; step += 1) {
      const now = clock.elapsed() * 1_000;
      const expected = reference.ask(now);
      const [{ admitted, refusal, rates }] = await soft.apply([
        { kind: "admit", tag: "t", rates: [rate], budgets: [], lookups: [] },
      ]);
      expect([admitted, rates[0]?.remaining], JSON.stringify(rate)).toEqual([
        expected,
        reference.remaining(now),
      ]);
      if (refusal && refusal.retryMs !== Number.POSITIVE_INFINITY) {
        expect(reference.wouldPass(now + refusal.retryMs * 1_000)).toBe(true);
        expect(reference.wouldPass(now + (refusal.retryMs - 1) * 1_000)).toBe(false);
      }
      clock.advance(random.integer(0, Math.ceil((rate.periodMs / rate.most) * 8)) / 4);
    }
  }
});

function randomRate(random: ReturnType<typeof seededRandom>): Rate {
  const most = random.chance(0.5) ? random.integer(1, 20) : random.integer(1, 5_000);
  const burst = random.integer(1, 12);
  return {
    key: "r",
    most,
    periodMs: random.integer(1, 100_000),
    burst,
    cost: random.integer(0, Math.min(burst + 1, 4)),
  };
}

test("lets pass no more of a rate in any time than its burst and what came back meanwhile", async () => {
  const clock = createFakeClock();
  await using soft = createSoftStateInProcess({ clock });
  const rate: Rate = { key: "r", most: 7, periodMs: 1_000, burst: 3, cost: 1 };
  let admissions = 0;
  for (let ms = 0; ms < 10_000; ms += 1) {
    const [{ admitted }] = await soft.apply([
      { kind: "admit", tag: "t", rates: [rate], budgets: [], lookups: [] },
    ]);
    if (admitted) admissions += 1;
    clock.advance(1);
  }
  expect(admissions).toBe(3 + 69);
});

test("keeps a rate's level when the rate allows less than before, but never over what it allows now", async () => {
  const clock = createFakeClock();
  await using soft = createSoftStateInProcess({ clock });
  const ask = async (rate: Rate) =>
    (await soft.apply([{ kind: "admit", tag: "t", rates: [rate], budgets: [], lookups: [] }]))[0];
  const wide: Rate = { key: "r", most: 100, periodMs: 1_000, burst: 100, cost: 100 };
  await ask(wide);
  const narrow = await ask({ ...wide, most: 1, burst: 2, cost: 1 });
  expect(narrow.refusal).toEqual({ by: "rates", index: 0, retryMs: 1_000 });
  clock.advance(1_000);
  expect((await ask({ ...wide, most: 1, burst: 2, cost: 1 })).admitted).toBe(true);
});
