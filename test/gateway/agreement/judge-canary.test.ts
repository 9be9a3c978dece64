import { expect, test } from "vitest";
import { judgeCanary, nextShare } from "#gateway/agreement/judge-canary.ts";
import { countAgreement, countOutcome, noFacts, type TrialFacts } from "#gateway/agreement/trial-facts.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const terms = { minimum: 0.9 };

type Nature = {
  readonly requests?: number;
  readonly errors?: number;
  readonly ms?: number;
  readonly usd?: number;
  /** The mean; undefined where nothing is compared. */
  readonly agreement?: number;
};

function factsOf(nature: Nature, random: Random = seededRandom(81)): TrialFacts {
  const facts = noFacts();
  see(facts, nature, random);
  return facts;
}

function see(
  facts: TrialFacts,
  { requests = 3_000, errors = 0, ms = 50, usd = 1e-6, agreement }: Nature,
  random: Random,
) {
  for (let turn = 0; turn < requests; turn += 1) {
    const spread = Math.exp(random.between(-0.2, 0.2));
    countOutcome(facts, { ms: ms * spread, usd, failed: random.chance(errors) });
    if (agreement !== undefined) countAgreement(facts, agreement + random.between(-0.04, 0.04));
  }
}

const incumbent = factsOf({ requests: 20_000 });

test("a candidate that is as good advances once there is enough to say so, and is held until then", () => {
  const candidate = noFacts();
  const random = seededRandom(82);
  const verdicts: string[] = [];
  for (let look = 0; look < 20; look += 1) {
    see(candidate, { requests: 100, agreement: 0.96 }, random);
    verdicts.push(judgeCanary({ candidate, incumbent }, terms).verdict);
  }
  expect(verdicts[0]).toBe("hold");
  expect(new Set(verdicts)).toEqual(new Set(["hold", "advance"]));
  expect(verdicts.lastIndexOf("hold")).toBeLessThan(12);
});

test.each<[string, Nature, string]>([
  ["fails more", { errors: 0.1, agreement: 0.97 }, "failed"],
  ["answers otherwise", { agreement: 0.8 }, "agreement 0.8"],
  ["is slower", { ms: 80, agreement: 0.97 }, "slower"],
])("a candidate that %s goes back, with the reason", (_, nature, reason) => {
  const { verdict, why, confidence } = judgeCanary({ candidate: factsOf(nature), incumbent }, terms);
  expect(verdict).toBe("roll back");
  expect(why).toContain(reason);
  expect(confidence).toBe(0.95);
});

test("a candidate that fails everything goes back within a few requests", () => {
  const candidate = factsOf({ requests: 5, errors: 1 });
  expect(judgeCanary({ candidate, incumbent }, terms).verdict).toBe("roll back");
});

test("a slower candidate that is fast enough advances", () => {
  const candidate = factsOf({ ms: 80, agreement: 0.97 });
  expect(judgeCanary({ candidate, incumbent }, { ...terms, fastEnoughMs: 250 }).verdict).toBe("advance");
});

test("answers that are not compared do not hold a candidate", () => {
  const candidate = factsOf({});
  expect(judgeCanary({ candidate, incumbent }, terms)).toMatchObject({ verdict: "hold" });
  expect(judgeCanary({ candidate, incumbent }, { minimum: undefined }).verdict).toBe("advance");
});

test("a dearer candidate is held, not thrown out", () => {
  const candidate = factsOf({ agreement: 0.97, usd: 3e-6 });
  expect(judgeCanary({ candidate, incumbent }, terms).verdict).toBe("advance");
  const { verdict, why } = judgeCanary({ candidate, incumbent }, { ...terms, dearerBy: 2 });
  expect([verdict, why]).toEqual(["hold", "$3.00 a million, before $1.00: dearer than is allowed"]);
});

test("without facts of either there is nothing but holding", () => {
  expect(judgeCanary({ candidate: noFacts(), incumbent: noFacts() }, terms).verdict).toBe("hold");
  expect(judgeCanary({ candidate: factsOf({ agreement: 1 }), incumbent: noFacts() }, terms).verdict).toBe(
    "hold",
  );
  expect(judgeCanary({ candidate: noFacts(), incumbent }, terms).verdict).toBe("hold");
});

test("twenty looks at a candidate that is just as bad as it may be advance or return it once in twenty at most", () => {
  const random = seededRandom(83);
  const [turns, baseline] = [40, factsOf({ requests: 5_000, errors: 0.02 })];
  let moved = 0;
  for (let turn = 0; turn < turns; turn += 1) {
    const candidate = noFacts();
    const verdicts = Array.from({ length: 20 }, () => {
      see(candidate, { requests: 50, errors: 0.03, agreement: 0.9 }, random);
      return judgeCanary({ candidate, incumbent: baseline }, terms).verdict;
    });
    if (verdicts.some((verdict) => verdict !== "hold")) moved += 1;
  }
  expect(moved / turns).toBeLessThanOrEqual(0.05);
});

test("a candidate's share goes from 1 to 10 to 100 %", () => {
  expect([0, 0.01, 0.05, 0.1, 0.5, 1, 7].map(nextShare)).toEqual([0.01, 0.1, 0.1, 1, 1, 1, 1]);
  expect(nextShare(Number.NaN)).toBe(0.01);
});
