import { expect, test } from "vitest";
import { commonModels, maybeSigned, showTrials } from "#infra/command/init/try-all.ts";
import type { Trial } from "#infra/command/init/try-service.ts";

const having = (...models: string[]): Trial => ({ models, times: undefined, trouble: undefined });

test("a route gets the models that all have of whom it is known what they have", () => {
  expect(commonModels([having("a", "b"), having(), having("b", "c", "a")])).toEqual(["a", "b"]);
  expect(commonModels([having("a"), having("b")])).toEqual([]);
  expect(commonModels([])).toEqual([]);
});

test.each(["x: 1 }\nlimits: {}\n#", "a b", "", "x".repeat(65), "-a"])(
  "a model that is called %j can be in no configuration, and is in none that init writes",
  (name) => {
    expect(commonModels([having("a", name), having(name, "a")])).toEqual(["a"]);
  },
);

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

test("only a service that answered 401, of a kind that can sign, may want signed calls", () => {
  const named = (id: string, kind: string, settings: Readonly<Record<string, string>>) => ({
    ...{ id, kind, settings, name: id, hasGpu: false, price: undefined, isProvisioned: false, notes: [] },
  });
  const task = { region: "us-east-2", cluster: "vision", service: "detector" };
  const services = [
    named("locked", "ecs", task),
    named("forbidden", "ecs", task),
    named("open", "ecs", task),
    named("untried", "ecs", task),
    named("tokens", "cloud-run", { project: "acme", region: "us-central1", service: "detector" }),
  ];
  const refused = (refusedWith: number): Trial => ({ ...having(), trouble: "no", refusedWith });
  const trials = new Map([
    ["locked", refused(401)],
    ["forbidden", refused(403)],
    ["open", having("a")],
    ["tokens", refused(401)],
  ]);
  expect([...maybeSigned(services, trials)]).toEqual(["locked"]);
});
