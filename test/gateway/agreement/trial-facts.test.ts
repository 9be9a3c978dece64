import { expect, test } from "vitest";
import {
  countAgreement,
  countOutcome,
  factsFromJson,
  mergeFacts,
  noFacts,
  type TrialFacts,
} from "#gateway/agreement/trial-facts.ts";
import { seededRandom } from "#test/support/random.ts";

function factsOf(seed: number, count: number): TrialFacts {
  const random = seededRandom(seed);
  const facts = noFacts();
  for (let turn = 0; turn < count; turn += 1) {
    countOutcome(facts, { ms: random.between(1, 500), usd: 1e-6, failed: random.chance(0.1) });
    countAgreement(facts, random.between(0.5, 1));
  }
  return facts;
}

test("facts count requests, failures, dollars and agreement, and the time of what was answered", () => {
  const facts = noFacts();
  countOutcome(facts, { ms: 10, usd: 0.5 });
  countOutcome(facts, { ms: 9_000, usd: 0.25, failed: true });
  for (const agreement of [0.8, 1, 0.9]) countAgreement(facts, agreement);
  for (const wrong of [-1, 2, Number.NaN]) countAgreement(facts, wrong);
  countOutcome(facts, { ms: 10, usd: Number.NaN });
  expect(facts).toMatchObject({ asked: 3, failed: 1, usd: 0.75, compared: 3 });
  expect(facts.agreement).toBeCloseTo(0.9, 12);
  expect(facts.squares).toBeCloseTo(0.02, 12);
  expect(facts.latency.count()).toBe(2);
});

test("facts that are merged are the facts of all", () => {
  const [one, other, empty] = [factsOf(1, 200), factsOf(2, 300), noFacts()];
  const turned = factsOf(2, 300);
  mergeFacts(turned, factsOf(1, 200));
  mergeFacts(one, other);
  mergeFacts(one, empty);
  mergeFacts(empty, one);
  expect(empty.latency.toJSON()).toEqual(turned.latency.toJSON());
  for (const name of ["asked", "failed", "usd", "compared", "agreement", "squares"] as const) {
    expect(one[name]).toBeCloseTo(turned[name], 9);
    expect(empty[name]).toBeCloseTo(turned[name], 9);
  }
});

test("facts come back from their JSON as they were", () => {
  const facts = factsOf(3, 100);
  const text = JSON.stringify(facts);
  expect(JSON.stringify(factsFromJson(JSON.parse(text)))).toBe(text);
});

test.each([
  ["nothing", null],
  ["a text", "facts"],
  ["facts without times", { ...noFacts(), latency: undefined }],
  ["facts with times that are none", { ...noFacts(), latency: "[1]" }],
  ["a count that is a text", { ...noFacts(), latency: [1], asked: "3" }],
  ["a count below nothing", { ...noFacts(), latency: [1], asked: -3 }],
  ["a sum without end", { ...noFacts(), latency: [1], usd: Number.POSITIVE_INFINITY }],
  ["more failures than requests", { ...noFacts(), latency: [1], failed: 3 }],
  ["an agreement above 1", { ...noFacts(), latency: [1], agreement: 1.5 }],
])("facts are not read from %s", (_, json) => {
  expect(factsFromJson(json)).toBeUndefined();
});
