import { expect, test } from "vitest";
import { answersCompared, type ComparedEvent } from "#gateway/agreement/agreement-channels.ts";
import { openTrials } from "#gateway/agreement/trials.ts";

const event: ComparedEvent = {
  what: "shadow",
  model: "digits-s",
  backend: "old",
  peer: "new",
  agreement: 0.9,
  scoreDifference: 0.1,
  code: undefined,
  ms: 20,
  usd: 1e-6,
};

test("a trial counts what was asked beside the path as the candidate's, and what the path tells of the incumbent", () => {
  using trials = openTrials();
  answersCompared.publish(event);
  answersCompared.publish({ ...event, agreement: undefined, code: "backend_failed" });
  answersCompared.publish({ ...event, agreement: undefined, code: "draining" });
  trials.count("digits-s", "old", { ms: 10, usd: 0 });
  expect(trials.facts("digits-s", "new")).toMatchObject({ asked: 2, failed: 1, compared: 1, agreement: 0.9 });
  expect(trials.facts("digits-s", "old")).toMatchObject({ asked: 1, failed: 0, compared: 0 });
  expect(trials.facts("digits-n", "new")).toBeUndefined();
  trials.clear("digits-s", "new");
  expect(trials.facts("digits-s", "new")).toBeUndefined();
});

test("no more trials are counted than fit, and none after the end", () => {
  const trials = openTrials({ most: 1 });
  answersCompared.publish(event);
  answersCompared.publish({ ...event, peer: "newer" });
  trials.count("digits-s", "old", { ms: 10, usd: 0 });
  trials[Symbol.dispose]();
  trials[Symbol.dispose]();
  answersCompared.publish(event);
  expect(trials.facts("digits-s", "new")).toMatchObject({ asked: 1 });
  expect(trials.facts("digits-s", "newer")).toBeUndefined();
  expect(trials.facts("digits-s", "old")).toBeUndefined();
});
