import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

test.each([
  ["routing", "test/bench/results/routing.md"],
  ["faults", "test/faults/results/faults.md"],
  ["scaling", "test/bench/results/scaling.md"],
])("the README's table of %s is the one that its run wrote", async (name, file) => {
  const [readme, written] = await Promise.all(
    ["README.md", file].map((path) => readFile(join(root, path), "utf8")),
  );
  const [, between] =
    readme?.match(new RegExp(`<!-- ${name}: begin[^>]*-->([\\s\\S]*?)<!-- ${name}: end -->`)) ?? [];
  expect(between?.trim()).toBe(written?.trim());
});
