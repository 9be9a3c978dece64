import { expect, test } from "vitest";
import { commonModels, showTrials } from "#infra/command/init/try-all.ts";
import type { Trial } from "#infra/command/init/try-service.ts";

const having = (...models: string[]): Trial => ({ models, times: undefined, trouble: undefined });

test("a route gets the models that all have of whom it is known what they have", () => {
  expect(commonModels([having("a", "b"), having(), having("b", "c", "a")])).toEqual(["a", "b"]);
  expect(commonModels([having("a"), having("b")])).toEqual([]);
  expect(commonModels([])).toEqual([]);
});

test("what came of asking each service is a table, with its trouble where there is one", () => {
  const times = { model: "digits-s", firstMs: 1_234.5, nextMs: 40.2 };
  const shown = showTrials(
    new Map([
      ["near", { models: [], times, trouble: undefined }],
      ["far", { models: [], times: undefined, trouble: "nothing of it\nstands" }],
    ]),
  );
  expect(shown.split("\n").slice(1)).toEqual([
    "near     digits-s  1235 ms  40 ms",
    "far      -               -      -  nothing of it?stands",
  ]);
});
