import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { configJsonSchema } from "#gateway/config/json-schema.ts";
import { root, sourceFiles } from "#test/support/source-files.ts";

const published = resolve(root, "gateway/tradewind.schema.json");

const examples = sourceFiles("gateway/examples", ".yaml").filter(({ path }) => !path.endsWith("keys.yaml"));

const written = JSON.parse(readFileSync(published, "utf8"));

/** Reads as an editor does: by what was published, not by the schema that it was made of. */
const byPublished = z.fromJSONSchema(written);

test("the published JSON Schema is what the code makes", () => {
  const text = JSON.stringify(configJsonSchema());
  expect(written).toEqual(JSON.parse(text));
});

test.each(examples)("$path leads an editor to the published schema, and keeps to it", ({ path, text }) => {
  const address = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text)?.[1] ?? "";
  expect(resolve(root, path, "..", address)).toBe(published);
  expect(byPublished.safeParse(parse(text)).error).toBeUndefined();
});

const small = {
  models: { m: { source: "x" } },
  providers: { a: { kind: "static", urls: ["http://a"], idle: "5m" } },
  routes: [
    { models: ["m"], failover: [["a", { provider: "a", weight: 2 }]], hedge: "off", retry: { share: "5%" } },
  ],
};

const routeWith = (more: object) => ({ ...small, routes: [{ ...small.routes[0], ...more }] });
const providerWith = (more: object) => ({
  ...small,
  providers: { a: { ...small.providers.a, ...more } },
});

test("the published schema takes a small configuration", () => {
  expect(byPublished.safeParse(small).error).toBeUndefined();
});

test.each([
  ["an unknown section", { ...small, colour: "red" }],
  ["an unknown key of a route", routeWith({ colour: "red" })],
  ["an unknown key of hedging", routeWith({ hedge: { colour: "red" } })],
  ["an unknown key of a member", routeWith({ failover: [[{ provider: "a", colour: 1 }]] })],
  ["an unknown key of a static provider", providerWith({ colour: "red" })],
  ["an unknown key of a budget", providerWith({ budget: { usdPerYear: 1 } })],
  ["a kind that nobody plans", providerWith({ kind: "esc" })],
  ["a price that is not in the book", providerWith({ price: "aws/g9" })],
  ["a duration without a unit", routeWith({ slo: "250" })],
  ["a duration that is a number", routeWith({ slo: 250 })],
  ["a share above one", routeWith({ canary: { provider: "b", share: 5 } })],
  ["a weight of nothing", routeWith({ failover: [[{ provider: "a", weight: 0 }]] })],
  ["a group without providers", routeWith({ failover: [[]] })],
])("the published schema refuses %s", (_, given) => {
  expect(byPublished.safeParse(given).success).toBe(false);
});

test("an editor that fills in a default writes what would be read", () => {
  const wrong = defaultsIn(configJsonSchema(), "").filter(
    ({ type, value }) => type === "string" && typeof value !== "string",
  );
  expect(wrong).toEqual([]);
});

type Default = { readonly path: string; readonly type: unknown; readonly value: unknown };

function defaultsIn(schema: unknown, path: string): Default[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { type, default: value } = schema as { readonly type?: unknown; readonly default?: unknown };
  const own = value === undefined ? [] : [{ path, type, value }];
  return [...own, ...Object.entries(schema).flatMap(([key, inner]) => defaultsIn(inner, `${path}/${key}`))];
}
