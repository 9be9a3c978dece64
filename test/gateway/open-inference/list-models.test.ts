import { expect, test } from "vitest";
import type { Fleet } from "#gateway/fleet/snapshot.ts";
import { findTarget } from "#gateway/open-inference/find-target.ts";
import { indexFor, namesFor } from "#gateway/open-inference/list-models.ts";
import { caller } from "#test/support/callers.ts";
import { routeOver } from "#test/support/routes.ts";

const routes = ["a", "a-tensor", "b"].map((model) => routeOver([], { model }));
const fleet: Fleet = { routes: new Map(routes.map((route) => [route.model, route])) };
const directory = { find: () => undefined };

test("a model whose name is that of another's tensors is listed once, as itself", () => {
  const names = ["a", "a-tensor", "a-tensor-tensor", "b", "b-tensor"];
  expect(namesFor(fleet, caller())).toEqual(names);
  expect(indexFor(fleet, caller(), directory).map(({ name }) => name)).toEqual(names);
});

test("whoever may use a model may not use one that is called like its tensors", () => {
  const narrow = caller({ models: new Set(["a"]) });
  expect(namesFor(fleet, narrow)).toEqual(["a"]);
  expect(() => findTarget(fleet, narrow, { model: "a-tensor", version: undefined })).toThrow(/unknown model/);
  const other = caller({ models: new Set(["a-tensor"]) });
  expect(namesFor(fleet, other)).toEqual(["a-tensor", "a-tensor-tensor"]);
  expect(() => findTarget(fleet, other, { model: "a", version: undefined })).toThrow(/unknown model/);
});
