import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { z } from "zod";
import { TradewindError } from "../errors.ts";
import type { Database, Query } from "./database.ts";

export type Migration = {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
};

/** Any number will do as long as every process of ours uses the same: it is "tradewind" in letters' places. */
const lockNumber = 2_018_104_523;

/**
 * Brings the database up to the numbered SQL files of a folder, each in order and once, however many processes start
 * together: they queue at one advisory lock. A file that was applied may never change, and a database that is newer
 * than the code is left alone.
 */
export async function migrate(
  database: Database,
  folder: URL,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  const migrations = await readMigrations(folder);
  const apply = async (query: Query): Promise<string[]> => {
    await query("SELECT pg_advisory_xact_lock($1)", [lockNumber]);
    const pending = planMigrations(migrations, await readApplied(query));
    for (const { number, name, sql, sha256 } of pending) {
      await query(sql);
      await query("INSERT INTO schema_migrations (number, name, sha256) VALUES ($1, $2, $3)", [
        number,
        name,
        sha256,
      ]);
    }
    return pending.map(({ name }) => name);
  };
  // Waiting for another process's migration may take as long as that one does.
  return await database.transaction(apply, { patient: true, ...(signal && { signal }) });
}

/** The files in order, refused when a number is missing, doubled or unreadable. */
export async function readMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  const migrations = await Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, folder), "utf8");
      return { number: Number(/^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1]), name, sql, sha256: hash(sql) };
    }),
  );
  for (const [index, { number, name }] of migrations.entries()) {
    if (number === index + 1) continue;
    throw new TradewindError("internal", `migration ${name} stands where number ${index + 1} is expected`);
  }
  return migrations;
}

export type Applied = Pick<Migration, "number" | "name" | "sha256">;

/** What is still to run, given what has run. */
export function planMigrations(
  migrations: readonly Migration[],
  applied: readonly Applied[],
): readonly Migration[] {
  for (const { number, name, sha256 } of applied) {
    const file = migrations.find((migration) => migration.number === number);
    if (!file) {
      const hint = "run a version of tradewind at least as new as the one that migrated this database";
      throw new TradewindError(
        "database_unavailable",
        `the database has migration ${name}, which this version does not know`,
        { hint },
      );
    }
    if (file.sha256 !== sha256) {
      throw new TradewindError(
        "database_unavailable",
        `migration ${file.name} was changed after it was applied as ${name}`,
      );
    }
  }
  const done = new Set(applied.map(({ number }) => number));
  return migrations.filter(({ number }) => !done.has(number));
}

const applied = z.object({ number: z.number(), name: z.string(), sha256: z.string() });

async function readApplied(query: Query): Promise<Applied[]> {
  await query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`);
  const text = "SELECT number, name, sha256 FROM schema_migrations ORDER BY number";
  return await query(text, [], { parse: (row) => applied.parse(row) });
}

function hash(sql: string): string {
  return createHash("sha256").update(sql).digest("hex");
}
