import { expect, test } from "vitest";
import { countAgreement, countOutcome, noFacts } from "#gateway/agreement/trial-facts.ts";
import { parseConfig } from "#gateway/config.ts";
import { withCandidate } from "#gateway/operations/rollouts/candidate-in-config.ts";
import { judgeCandidate } from "#gateway/operations/rollouts/gate.ts";
import type { Finding } from "#gateway/trials/trials-store.ts";
import { fleetText } from "#test/support/rollout-world.ts";

const file = { file: "t.yaml" };
const onTrial = { provider: "far", share: 0.1, looks: 600 };
const config = parseConfig(withCandidate(fleetText, onTrial, file).text, file);

type Facts = {
  readonly times?: number;
  readonly agreement?: number;
  readonly ms?: number;
  readonly slowest?: number;
};

function finding(model: string, backend: string, given: Facts = {}): Finding {
  const { times = 3_000, agreement = 0.99, ms = 10, slowest } = given;
  const facts = noFacts();
  for (let n = 0; n < times; n += 1) {
    // Two of a hundred are as slow as the slowest, which the p99 sees and the p95 does not.
    countOutcome(facts, { ms: slowest !== undefined && n % 50 === 0 ? slowest : ms + (n % 5), usd: 0 });
    countAgreement(facts, agreement);
  }
  const rest = { version: "1", state: "agrees", isBarred: false, why: "" } as const;
  return { model, backend, step: "canary far-candidate 0.1", facts, ...rest };
}

const both = (candidate: Facts, letters: Facts = candidate): Finding[] => [
  finding("digits", "near/1"),
  finding("digits", "far-candidate/1", candidate),
  finding("letters", "near/1"),
  finding("letters", "far-candidate/1", letters),
];

test("a candidate passes when every model of its routes is shown to be well", () => {
  expect(judgeCandidate(config, onTrial, both({}))).toMatchObject({ verdict: "pass" });
  expect(judgeCandidate(config, onTrial, both({}, { times: 5 }))).toMatchObject({
    verdict: "inconclusive",
    why: expect.stringMatching(/^letters: /),
  });
  expect(judgeCandidate(config, onTrial, both({}, { agreement: 0.2 }))).toMatchObject({
    verdict: "fail",
    why: expect.stringMatching(/^letters: agreement 0\.200/),
  });
});

test("no traffic at all is inconclusive", () => {
  expect(judgeCandidate(config, onTrial, [])).toMatchObject({ verdict: "inconclusive" });
});

test("what was found at another share, or of another candidate, says nothing", () => {
  const others = both({}).map((one) => ({ ...one, step: "canary far-candidate 0.5" }));
  expect(judgeCandidate(config, onTrial, others)).toMatchObject({ verdict: "inconclusive" });
});

test("speed is judged by the p95, so that a few slow ones take nothing back", () => {
  expect(judgeCandidate(config, onTrial, both({ slowest: 30_000 }))).toMatchObject({
    verdict: "pass",
    why: expect.stringMatching(/p95/),
  });
  expect(judgeCandidate(config, onTrial, both({ ms: 9_000 }))).toMatchObject({ verdict: "fail" });
});

test("a candidate that has another share than it was given, or none, is away", () => {
  const away = { verdict: "away", why: "the configuration no longer gives it 50% of digits" };
  expect(judgeCandidate(config, { ...onTrial, share: 0.5 }, both({}))).toEqual(away);
  expect(judgeCandidate(parseConfig(fleetText, file), { ...onTrial, share: 0.5 }, both({}))).toEqual(away);
});
