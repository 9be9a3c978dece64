import { expect, test } from "vitest";
import { fitRate } from "#gateway/admission/fit-rate.ts";
import { shareOf } from "#gateway/admission/share-of.ts";
import { rateLimit } from "#gateway/records/rights.ts";
import { checkAdmission } from "#infra/runtime/soft-state/check-admission.ts";
import type { Rate } from "#infra/runtime/soft-state/soft-state.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const day = 86_400_000;

function asked(rate: Rate) {
  return { kind: "admit", tag: "t", rates: [rate], budgets: [], lookups: [] } as const;
}

test("a rate over too long a period lets less in within the longest, and its burst is back by then", () => {
  const rate = { key: "k", most: 100, periodMs: 60 * day, burst: 90, cost: 1 };
  expect(fitRate(rate)).toEqual({ ...rate, most: 50, periodMs: 30 * day, burst: 50 });
  expect(fitRate({ ...rate, most: 1 })).toEqual({ ...rate, most: 1, periodMs: 30 * day, burst: 1 });
  const wide = { key: "k", most: 10, periodMs: day, burst: 1_000, cost: 1 };
  expect(fitRate(wide)).toEqual({ ...wide, burst: 300 });
});

test("a rate within the bounds stays as it is", () => {
  for (const rate of [
    { key: "k", most: 1_000_000_000, periodMs: 30 * day, burst: 1_000_000_000, cost: 1 },
    { key: "k", most: 7, periodMs: 1, burst: 1, cost: 1 },
  ])
    expect(fitRate(rate)).toEqual(rate);
});

test("whatever limits are accepted, the soft state takes them and any gateway's share of them", () => {
  const random = seededRandom(5);
  let accepted = 0;
  for (let round = 0; round < 3_000; round += 1) {
    const read = rateLimit.safeParse(randomLimit(random));
    if (!read.success) continue;
    accepted += 1;
    const { requests: most, per: periodMs, burst = most } = read.data;
    const whole = asked({ key: "k", most, periodMs, burst, cost: 1 });
    checkAdmission(whole);
    const share = shareOf(whole, random.integer(1, 1_000));
    checkAdmission(share);
    expect(share.rates[0]?.burst).toBeGreaterThanOrEqual(1);
  }
  expect(accepted).toBeGreaterThan(500);
});

function randomLimit(random: Random): unknown {
  const number = (): number => Math.floor(10 ** (random.integer(0, 900) / 100));
  const burst = random.chance(0.5) ? { burst: number() } : {};
  const unit = ["ms", "s", "m", "h", "d"][random.integer(0, 4)] ?? "s";
  return { requests: number(), per: `${random.integer(1, 40)}${unit}`, ...burst };
}

test("shares of a limit never let in more together than it does, but for one at a time", () => {
  const whole = asked({ key: "k", most: 100, periodMs: 1_000, burst: 10, cost: 1 });
  const [share] = shareOf(whole, 4).rates;
  expect(share).toMatchObject({ most: 100, periodMs: 4_000, burst: 2 });
  const [small] = shareOf(asked({ key: "k", most: 1_000, periodMs: 10 * day, burst: 10, cost: 1 }), 4).rates;
  expect(small).toMatchObject({ most: 750, periodMs: 30 * day, burst: 2 });
});
