import { expect, test } from "vitest";
import { importCycles } from "#test/support/import-cycles.ts";
import { productFiles, sourceFiles } from "#test/support/source-files.ts";

test("has no files that import each other in a ring", () => {
  expect(importCycles([...productFiles(), ...sourceFiles("test", ".ts")])).toEqual([]);
});

test("finds a ring through an alias, a type and a later load, and a file that imports itself", () => {
  const files = [
    { path: "infra/a.ts", text: 'import type { B } from "./b.ts";' },
    { path: "infra/b.ts", text: 'import { c } from "#infra/c.ts";' },
    { path: "infra/c.ts", text: 'const a = () => import("./a.ts");' },
    { path: "infra/d.ts", text: 'import { d } from "./d.ts"; import { a } from "./a.ts";' },
  ];
  expect(importCycles(files)).toEqual([
    "infra/a.ts -> infra/b.ts -> infra/c.ts -> infra/a.ts",
    "infra/d.ts -> infra/d.ts",
  ]);
});
