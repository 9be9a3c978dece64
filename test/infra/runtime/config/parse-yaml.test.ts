import { expect, test } from "vitest";
import { z } from "zod";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { durationUpTo } from "#infra/runtime/config/units.ts";

const schema = z.strictObject({
  name: z.string(),
  wait: durationUpTo("7d"),
  routes: z.array(z.strictObject({ to: z.string() })).default([]),
});

function refusal(text: string): string {
  try {
    parseYaml(text, schema, { file: "x.yaml" });
  } catch (error) {
    return (error as Error).message;
  }
  return "accepted";
}

test("a valid text becomes checked data", () => {
  expect(parseYaml("name: a\nwait: 5s\n", schema, { file: "x.yaml" })).toEqual({
    name: "a",
    wait: 5_000,
    routes: [],
  });
});

test("all problems come in one message, each with its line and column", () => {
  expect(refusal("name: 5\nwait: soon\nroutes:\n  - to: a\n    form: b\n")).toBe(
    [
      "x.yaml has 3 problems:",
      "  x.yaml:1:1  name: Invalid input: expected string, received number",
      '  x.yaml:2:1  wait: expected a duration such as 250ms, 5s or 2h, got "soon"',
      '  x.yaml:5:5  routes.0.form: unknown key "form"',
    ].join("\n"),
  );
});

test("what is missing is named with the place of what holds it", () => {
  expect(refusal("wait: 5s\nroutes:\n  - {}\nname: a\n")).toContain("x.yaml:3:5  routes.0.to: Invalid input");
});

test("broken YAML is refused with the place where it breaks", () => {
  expect(refusal("name: [a\nwait: 5s")).toMatch(/^x\.yaml has \d problems?:\n {2}x\.yaml:\d+:\d+ {2}/);
});

test("a key given twice is refused", () => {
  expect(refusal("name: a\nname: b\nwait: 5s\n")).toContain("Map keys must be unique");
});

test("aliases are refused, since a few of them expand to gigabytes", () => {
  expect(refusal("name: &a x\nwait: *a\n")).toContain("aliases (*name) are not allowed");
});

test("an empty file is an empty configuration, not a crash", () => {
  expect(refusal("")).toContain("name: Invalid input");
});

test("keys that would vanish or have no path are refused", () => {
  expect(refusal("name: a\nwait: 5s\n__proto__: { x: 1 }\n")).toContain("x.yaml:3:1  this cannot be a key");
  expect(refusal("name: a\nwait: 5s\n? [a, b]\n: c\n")).toContain("this cannot be a key");
});

test("a second document is refused in words of ours", () => {
  expect(refusal("name: a\nwait: 5s\n---\nname: b\n")).toContain(
    "a second document begins here, only one is read",
  );
});

test("rubbish is refused without pages of it, and a text without end before it is parsed", () => {
  const lines = refusal(`name: [${"}".repeat(300)}`).split("\n");
  expect(lines).toHaveLength(102);
  expect(lines.at(-1)).toMatch(/^ {2}\.\.\. and \d+ more$/);
  expect(refusal(`name: ${"a".repeat(1_048_577)}`)).toContain("more than 1048576 characters");
});

test.each([
  ["brackets without end", `name: ${"[".repeat(50_000)}`],
  ["brackets that close", `name: ${"[".repeat(20_000)}${"]".repeat(20_000)}`],
  ["steps to the right", Array.from({ length: 1_400 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
])("nesting by %s is one problem at the place where it becomes too deep", (_, text) => {
  expect(refusal(text)).toMatch(/^x\.yaml has 1 problem:\n {2}x\.yaml:\d+:\d+ {2}nested more than 64 deep$/);
});

test("keys of a kind that a person would not write are refused without a word on standard error", () => {
  const warnings: Error[] = [];
  const hear = (warning: Error): void => void warnings.push(warning);
  process.on("warning", hear);
  expect(refusal("? { a: 1 }\n: 2\n")).toContain("x.yaml:1:3  this cannot be a key");
  process.off("warning", hear);
  expect(warnings).toEqual([]);
});
