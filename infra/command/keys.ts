import { userInfo } from "node:os";
import process from "node:process";
import type { Actor } from "#gateway/records/actor.ts";
import { createApiKey, type KeyRights } from "#gateway/records/api-key.ts";
import type { KeyListing } from "#gateway/records/key-rows.ts";
import { createKey, listKeys, revokeKey, rotateKey } from "#gateway/records/keys.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Database, openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { fileEntry } from "./keys/file-entry.ts";
import { flagOptions, type KeyFlags, readExpiry, readOverlap, readRights } from "./keys/read-rights.ts";

type Work = (subject: string, flags: KeyFlags) => Promise<number>;

type Verb = {
  readonly run: Work;
  readonly flags: readonly (keyof KeyFlags)[];
  readonly subject: boolean;
};

const verbs: Readonly<Record<string, Verb>> = {
  create: {
    run: create,
    flags: ["tenant", "scopes", "models", "origin", "expires", "file"],
    subject: true,
  },
  list: { run: list, flags: ["tenant"], subject: false },
  rotate: { run: rotate, flags: ["overlap", "expires"], subject: true },
  revoke: { run: revoke, flags: [], subject: true },
};

/** `tradewind keys create NAME | list | rotate ID | revoke ID`. */
export async function keys(args: string[]): Promise<number> {
  const { values, positionals } = readFlags({ args, allowPositionals: true, options: flagOptions });
  const [name = "", subject, ...more] = positionals;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (!verb || more.length > 0 || verb.subject !== (subject !== undefined)) throw wrongUse();
  const stray = Object.keys(values).find((flag) => !verb.flags.includes(flag as keyof KeyFlags));
  if (stray !== undefined) throw new TradewindError("config_invalid", `keys ${name} takes no --${stray}`);
  return await verb.run(subject ?? "", values);
}

function wrongUse(): TradewindError {
  return new TradewindError(
    "request_malformed",
    "expected: tradewind keys create NAME [--file] | list | rotate ID | revoke ID",
  );
}

async function create(subject: string, flags: KeyFlags): Promise<number> {
  const { name, rights } = readRights(subject, flags, systemClock.now());
  if (flags.file) return printFileEntry(name, rights);
  return await withDatabase(async (database, options) => {
    const { text, record } = await createKey(
      database,
      { actor: whoever(), name, rights, chance: systemChance },
      options,
    );
    process.stderr.write(`key ${record.id} for ${name}, shown this once:\n`);
    process.stdout.write(`${text}\n`);
    return 0;
  });
}

function printFileEntry(name: string, rights: KeyRights): number {
  const { text, record } = createApiKey(name, systemChance, rights);
  process.stderr.write(`the key, shown this once: ${text}\n`);
  process.stdout.write(`keys:\n  - ${fileEntry(record)}\n`);
  return 0;
}

const page = 1_000;

async function list(_: string, { tenant }: KeyFlags): Promise<number> {
  return await withDatabase(async (database, options) => {
    let after: string | undefined;
    for (;;) {
      const found = await listKeys(database.query, { tenant, after, most: page }, options);
      for (const key of found) process.stdout.write(`${line(key)}\n`);
      after = found.at(-1)?.id;
      if (found.length < page) return 0;
    }
  });
}

/** The name last, since it may hold spaces. */
function line({
  id,
  tenant,
  scopes,
  lastUsedAt,
  expiresAt,
  replacedBy,
  overlapEndsAt,
  name,
}: KeyListing): string {
  const used = lastUsedAt ? `used ${lastUsedAt.toISOString()}` : "never used";
  const replaced =
    replacedBy && overlapEndsAt && `rotated to ${replacedBy}, ends ${overlapEndsAt.toISOString()}`;
  const expires = expiresAt === undefined ? "" : `expires ${new Date(expiresAt).toISOString()}`;
  return [id, tenant, scopes.join(","), used, replaced || expires, name].filter(Boolean).join("  ");
}

async function rotate(id: string, flags: KeyFlags): Promise<number> {
  const now = systemClock.now();
  const rotation = {
    id,
    overlapMs: readOverlap(flags.overlap),
    expiresAt: readExpiry(flags.expires, now),
    now,
  };
  return await withDatabase(async (database, options) => {
    const { text, record, overlapEndsAt } = await rotateKey(
      database,
      { ...rotation, actor: whoever(), chance: systemChance },
      options,
    );
    const until = overlapEndsAt.toISOString();
    process.stderr.write(
      `key ${record.id} for ${record.name}, shown this once; ${id} works until ${until}:\n`,
    );
    process.stdout.write(`${text}\n`);
    return 0;
  });
}

async function revoke(id: string): Promise<number> {
  return await withDatabase(async (database, options) => {
    await revokeKey(database, { actor: whoever(), id }, options);
    return 0;
  });
}

/** Who stands at this machine is an operator. */
function whoever(): Actor {
  return { id: `cli:${nameOfUser()}` };
}

/** A user whom the system has no name for, as in many containers, has at least a number. */
function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "unknown");
  }
}

type Options = { readonly signal: AbortSignal };

async function withDatabase(
  work: (database: Database, options: Options) => Promise<number>,
): Promise<number> {
  const url = process.env.DATABASE_URL;
  if (url === undefined) {
    const hint =
      "set it to the gateway's PostgreSQL; for records: file use tradewind keys create NAME --file";
    throw new TradewindError("config_invalid", "DATABASE_URL is not set", { hint });
  }
  const options = { signal: AbortSignal.timeout(30_000) };
  await using database = await openDatabase({ url });
  await migrate(database, migrations, options);
  return await work(database, options);
}
