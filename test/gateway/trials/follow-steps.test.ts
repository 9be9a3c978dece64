import { expect, test } from "vitest";
import { driftTurned } from "#gateway/agreement/agreement-channels.ts";
import { DriftWatch } from "#gateway/agreement/drift-watch.ts";
import { createStepFollower } from "#gateway/trials/follow-steps.ts";

function setUp() {
  const cleared: string[] = [];
  const forgotten: string[] = [];
  const trials = { clear: (model: string, backend: string) => void cleared.push(`${model} ${backend}`) };
  const forget = (model: string, backend: string): [] => {
    forgotten.push(`${model} ${backend}`);
    return [];
  };
  const watch = { forget };
  const follow = createStepFollower({ watch, trials });
  const now = (step: string, backends: Readonly<Record<string, string | undefined>>, model = "m") =>
    follow([{ model, step, backends: new Map(Object.entries(backends)) }]);
  const told = () => ({ cleared: cleared.splice(0), forgotten: forgotten.splice(0) });
  return { follow, now, told };
}

const nothing = { cleared: [], forgotten: [] };

test("while nothing changes nothing is forgotten", () => {
  const { now, told } = setUp();
  now("s", { a: "1", b: undefined });
  now("s", { a: "1", b: "1" });
  now("s", { a: undefined, b: "1" });
  now("s", { a: "1", b: "1" });
  expect(told()).toEqual(nothing);
});

test("another step of a trial clears what was counted, and not what is known of agreement", () => {
  const { now, told } = setUp();
  now("s", { a: "1", b: "1" });
  now("t", { a: "1", b: "1" });
  expect(told()).toEqual({ cleared: ["m a", "m b"], forgotten: [] });
});

test("a backend with other weights, also after a silence, and one that left are forgotten", () => {
  const { now, told } = setUp();
  now("s", { a: "1", b: "1" });
  now("s", { a: undefined, b: "1" });
  now("s", { a: "2", b: "1" });
  expect(told()).toEqual({ cleared: ["m a"], forgotten: ["m a"] });
  now("s", { a: "2" });
  expect(told()).toEqual({ cleared: ["m b"], forgotten: ["m b"] });
});

test("a model that is compared no more is forgotten with all its backends", () => {
  const { follow, now, told } = setUp();
  now("s", { a: "1", b: "1" });
  follow([]);
  expect(told()).toEqual({ cleared: ["m a", "m b"], forgotten: ["m a", "m b"] });
  follow([]);
  expect(told()).toEqual(nothing);
});

test("whose standing turns because another one is forgotten is told of", () => {
  const watch = new DriftWatch({ leastSamples: 1 });
  const pair = { model: "follow-steps", backend: "a", peer: "b", scoreDifference: undefined, minimum: 0.9 };
  for (let n = 0; n < 50; n += 1) watch.learn({ ...pair, agreement: 0 });
  const turned: string[] = [];
  const stop = driftTurned.subscribe(({ backend, state }) => void turned.push(`${backend} ${state}`));
  const follow = createStepFollower({ watch, trials: { clear: () => {} } });
  const both = new Map([
    ["a", "1"],
    ["b", "1"],
  ]);
  follow([{ model: "follow-steps", step: "", backends: both }]);
  follow([{ model: "follow-steps", step: "", backends: new Map([["a", "1"]]) }]);
  stop();
  expect(turned.sort()).toEqual(["a unknown", "b unknown"]);
});

test("the end of a backend that was never judged is told as well, once", () => {
  const watch = new DriftWatch();
  const follow = createStepFollower({ watch, trials: { clear: () => {} } });
  const model = "never-judged";
  const backends = (...names: readonly string[]) => new Map(names.map((name) => [name, "1"] as const));
  watch.learn({ model, backend: "a", peer: "b", agreement: 1, scoreDifference: undefined, minimum: 0.9 });
  const told: string[] = [];
  const stop = driftTurned.subscribe((turned) => {
    if (turned.model === model) told.push(`${turned.backend} ${turned.state}`);
  });
  follow([{ model, step: "s", backends: backends("a", "b") }]);
  follow([{ model, step: "s", backends: backends("a") }]);
  stop();
  expect(told).toEqual(["b unknown"]);
});
