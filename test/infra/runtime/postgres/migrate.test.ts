import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { type Migration, planMigrations, readMigrations } from "#infra/runtime/postgres/migrate.ts";

const migration = (number: number, sha256 = `hash-${number}`): Migration => ({
  number,
  name: `000${number}-x.sql`,
  sql: "",
  sha256,
});

async function folderWith(...names: string[]): Promise<URL> {
  const folder = await mkdtemp(join(tmpdir(), "migrations-"));
  for (const name of names) await writeFile(join(folder, name), `-- ${name}`);
  return pathToFileURL(`${folder}/`);
}

test("what has not run yet is planned, in order", () => {
  expect(
    planMigrations([migration(1), migration(2), migration(3)], [migration(1)]).map(({ number }) => number),
  ).toEqual([2, 3]);
});

test("a migration that changed after it ran is refused", () => {
  expect(() => planMigrations([migration(1)], [migration(1, "other")])).toThrow(
    "was changed after it was applied",
  );
});

test("a database from a newer version is left alone", () => {
  expect(() => planMigrations([migration(1)], [migration(1), migration(2)])).toThrow(
    "which this version does not know",
  );
});

test("migration files are read in order of their numbers", async () => {
  const folder = await folderWith("0002-b.sql", "0001-a.sql", "notes.txt");
  expect((await readMigrations(folder)).map(({ name }) => name)).toEqual(["0001-a.sql", "0002-b.sql"]);
});

test.each([
  ["a gap in the numbers", ["0001-a.sql", "0003-b.sql"]],
  ["a number given twice", ["0001-a.sql", "0001-b.sql"]],
  ["a name without a number", ["first.sql"]],
])("%s is refused", async (_, names) => {
  await expect(readMigrations(await folderWith(...names))).rejects.toThrow("stands where number");
});
