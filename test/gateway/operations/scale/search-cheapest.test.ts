import { expect, test } from "vitest";
import { openMarket } from "#gateway/operations/scale/market.ts";
import type { ScaleFacts, ScalePlace } from "#gateway/operations/scale/scale-facts.ts";
import { searchCheapest } from "#gateway/operations/scale/search-cheapest.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

test("the walk downhill finds what trying everything finds, or hardly anything dearer", () => {
  const random = seededRandom(5);
  let [worst, total] = [0, 0];
  for (let round = 0; round < 40; round += 1) {
    const market = openMarket(drawn(random));
    const exact = searchCheapest(market, { mostTried: Number.POSITIVE_INFINITY }).worth.score;
    const walked = searchCheapest(openMarket(market.facts), { mostTried: 0 }).worth.score;
    expect(walked).toBeGreaterThanOrEqual(exact - 1e-6);
    const dearer = (walked - exact) / Math.max(exact, 1e-3);
    worst = Math.max(worst, dearer);
    total += dearer;
  }
  expect(worst).toBeLessThan(0.05);
  expect(total / 40).toBeLessThan(0.003);
});

test("thirty places are planned in a moment", () => {
  const random = seededRandom(11);
  const some = drawn(random);
  const places = Array.from({ length: 30 }, (_, index) => drawnPlace(random, index, 200));
  const market = openMarket({ ...some, places });
  const { worth } = searchCheapest(market);
  expect(Number.isFinite(worth.score)).toBe(true);
  expect(market.weighed.size).toBeLessThan(20_000);
});

test("nothing below the given numbers is chosen", () => {
  const market = openMarket(drawn(seededRandom(2)));
  const from = market.offers.map(({ to }) => to);
  expect(searchCheapest(market, { from }).choice).toEqual(from);
});

function drawn(random: Random): ScaleFacts {
  const base = random.between(5, 60);
  const paths = Array.from({ length: 3 }, () =>
    Array.from({ length: 24 }, () => (random.chance(0.15) ? 3 : 1) * base * random.between(0.7, 1.3)),
  );
  return {
    ...{ now: 0, sloMs: random.chance(0.5) ? 300 : 1_000, attain: 0.995, usdPerMiss: 0.002 },
    forecast: {
      ...{ stepSeconds: 15, roughness: random.between(0, 0.5), paths },
      steps: Array.from({ length: 24 }, () => ({ mean: base, high: 2 * base })),
      learned: { seconds: 3_600, byTimeOfDay: false },
    },
    survive: (["nothing", "provider", "domain"] as const)[random.integer(0, 2)] ?? "nothing",
    places: Array.from({ length: 3 }, (_, index) => drawnPlace(random, index, 6)),
  };
}

function drawnPlace(random: Random, index: number, most: number): ScalePlace {
  const stands = index % 3 !== 2;
  const usdPerHour = random.between(0.1, 0.6);
  const billing = random.chance(0.5) ? "request" : "instance";
  return {
    ...{ name: `place-${index}`, domain: `domain-${index % 2}`, scale: stands ? "count" : "bounds" },
    terms: {
      billing: stands ? "provisioned" : billing,
      ...{ usdPerSecond: usdPerHour / 3_600, usdPerRequest: random.between(0, 1e-5) },
      ...{ coldMs: random.between(1_000, 90_000), idleMs: stands ? 0 : 600_000 },
    },
    capacity: { slots: random.integer(1, 3), serviceMs: random.between(40, 120), from: "declared" },
    limits: { least: 0, most, coolDownMs: 60_000 },
    standing: { desired: 0, running: 0, pending: 0, bounds: { least: 0, most } },
    ...{ changedAt: undefined, refusals: [] },
  };
}
