import { expect, test } from "vitest";
import { createSampler, type Peer, type SampleFacts, type SampleTerms } from "#gateway/agreement/sampler.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

const terms: SampleTerms = { what: "agreement", share: 0.1, usdPerHour: 1, mostBytes: 1_000 };
const always: SampleTerms = { ...terms, share: 1 };

function peer(backend: string, samples = 0, usd = 1e-5): Peer {
  return { backend, usd, samples };
}

const facts: SampleFacts = {
  route: "digits",
  first: "a",
  peers: [peer("a"), peer("b"), peer("c")],
  bytes: 500,
  isSaturated: false,
};

function sampler(seed = 1, mostRoutes = 100) {
  const [random, clock] = [seededRandom(seed), createFakeClock()];
  return { clock, ...createSampler({ clock, chance: { number: () => random.between(0, 1) }, mostRoutes }) };
}

test("the share of requests is sampled, the same ones by the same seed", () => {
  const picks = (seed: number) => {
    const { pick } = sampler(seed);
    return Array.from({ length: 5_000 }, () => pick(facts, terms)?.settle(0) !== undefined);
  };
  const one = picks(7);
  expect(picks(7)).toEqual(one);
  expect(picks(8)).not.toEqual(one);
  expect(one.filter(Boolean).length / 5_000).toBeGreaterThan(0.085);
  expect(one.filter(Boolean).length / 5_000).toBeLessThan(0.115);
});

test.each<[string, Partial<SampleFacts>, Partial<SampleTerms>]>([
  ["the share is nothing", {}, { share: 0 }],
  ["the share is no number", {}, { share: Number.NaN }],
  ["the image is too large", { bytes: 1_001 }, {}],
  ["nobody knows how large the image is", { bytes: Number.NaN }, {}],
  ["the route is saturated", { isSaturated: true }, {}],
  ["there is nobody else", { peers: [peer("a")] }, {}],
  ["nobody knows what it costs", { peers: [peer("b", 0, Number.NaN)] }, {}],
  ["it costs more than there is", { peers: [peer("b", 0, 1.1)] }, {}],
  ["there is no money", {}, { usdPerHour: 0 }],
])("nobody is asked where %s", (_, otherFacts, otherTerms) => {
  expect(sampler().pick({ ...facts, ...otherFacts }, { ...always, ...otherTerms })).toBeUndefined();
});

test("of those who may be asked the least known is, and among equals any", () => {
  const { pick } = sampler();
  const known = [peer("a"), peer("b", 5), peer("c", 2), peer("d", 9)];
  for (let turn = 0; turn < 20; turn += 1)
    expect(pick({ ...facts, peers: known }, always)?.backend).toBe("c");
  const counts = new Map<string, number>();
  const equals = [peer("b", 3), peer("a", 3), peer("c", 3), peer("d", 3), peer("e", 4)];
  for (let turn = 0; turn < 3_000; turn += 1) {
    const sample = pick({ ...facts, peers: equals }, always);
    sample?.settle(0);
    counts.set(sample?.backend ?? "", (counts.get(sample?.backend ?? "") ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(["b", "c", "d"]);
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("what is spent stays within the hour's money, for each route and each purpose on its own", () => {
  const { pick, spentInHour, clock } = sampler();
  const dear = { ...facts, peers: [peer("b", 0, 0.03)] };
  const spend = (route: string, what: SampleTerms["what"]) => {
    let count = 0;
    for (let minute = 0; minute < 50; minute += 1) {
      if (pick({ ...dear, route }, { ...always, what })) count += 1;
      clock.advance(60_000);
    }
    return count;
  };
  expect(spend("one", "agreement")).toBe(33);
  expect(spentInHour("one", "agreement")).toBeLessThanOrEqual(1);
  expect(spend("one", "shadow")).toBe(33);
  expect(spend("two", "agreement")).toBe(33);
  expect(spentInHour("never", "shadow")).toBe(0);
});

test("a route without bounds of its own is sampled whatever its size and price, if there is one", () => {
  const { pick, spentInHour } = sampler();
  const boundless = { ...always, usdPerHour: Number.POSITIVE_INFINITY, mostBytes: Number.POSITIVE_INFINITY };
  const of = (usd: number) => pick({ ...facts, bytes: 1e9, peers: [peer("b", 0, usd)] }, boundless)?.backend;
  expect([of(100), of(Number.POSITIVE_INFINITY), of(100)]).toEqual(["b", undefined, "b"]);
  expect(spentInHour("digits", "agreement")).toBe(200);
});

test("a sample is settled once, and says what it cost as a line of the ledger", () => {
  const { pick, spentInHour } = sampler();
  const [thought, known] = [pick(facts, always), pick(facts, always)];
  expect(thought?.settle()).toEqual({ what: "agreement", usd: 1e-5 });
  expect(known?.settle(3e-5)).toEqual({ what: "agreement", usd: 3e-5 });
  expect(known?.settle(9)).toEqual({ what: "agreement", usd: 3e-5 });
  expect(spentInHour("digits", "agreement")).toBeCloseTo(4e-5, 12);
});

test("more routes than fit are not sampled, and the others go on", () => {
  const { pick } = sampler(1, 2);
  const of = (route: string) => pick({ ...facts, route }, always)?.backend;
  expect(of("one")).toBeDefined();
  expect(of("two")).toBeDefined();
  expect(of("three")).toBeUndefined();
  expect(of("one")).toBeDefined();
});
