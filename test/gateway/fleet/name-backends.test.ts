import { expect, test } from "vitest";
import type { Endpoint } from "#adapters/provider.ts";
import { nameBackends, providerOf } from "#gateway/fleet/name-backends.ts";
import { termsWith } from "#test/support/routes.ts";
import { toldBackend } from "#test/support/trial-world.ts";

const { client } = toldBackend("any");

/** The names of a provider's backends whose provider has these names for them. */
function namesOf(...labels: readonly (string | undefined)[]): string[] {
  const endpoints = labels.map((name, place): Endpoint => {
    return { url: `http://127.0.0.1:${place + 1}`, client, ...(name !== undefined && { name }) };
  });
  return nameBackends("cloud", { terms: termsWith(), endpoints }).map(({ name }) => name);
}

test("a provider's only backend has its name, several have numbers, and those that have names have these", () => {
  expect(namesOf()).toEqual([]);
  expect(namesOf(undefined)).toEqual(["cloud"]);
  expect(namesOf(undefined, undefined)).toEqual(["cloud/1", "cloud/2"]);
  expect(namesOf("task-4f")).toEqual(["cloud/task-4f"]);
  expect(namesOf("b", "a")).toEqual(["cloud/b", "cloud/a"]);
});

test("no two backends have one name, whatever their provider calls them", () => {
  expect(namesOf("a", "a", "b")).toEqual(["cloud/a", "cloud/b"]);
  expect(namesOf("2", undefined)).toEqual(["cloud/2", "cloud/2."]);
});

test.each(["", "a/b", "a b", "a\nb", "x".repeat(64), "\u00e9"])(
  "a name that could not stand in a metric is none: %j",
  (label) => {
    expect(namesOf(label, "fine")).toEqual(["cloud/1", "cloud/fine"]);
  },
);

test("whatever its name is, a backend leads to its provider", () => {
  for (const name of namesOf("a", undefined, "..", "1")) expect(providerOf(name)).toBe("cloud");
});
