import { hash } from "node:crypto";
import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";

/** How a configuration came in: by a gateway's file, by the signal to read it again, by a person, or back from the past. */
export const configurationSources = ["file", "sighup", "admin", "rollback"] as const;

export type ConfigurationSource = (typeof configurationSources)[number];

export type ConfigurationEntry = {
  readonly version: number;
  readonly sha256: string;
  readonly source: ConfigurationSource;
  readonly actor: string;
  readonly note: string;
  readonly createdAt: Date;
};

export type PublishedConfiguration = ConfigurationEntry & { readonly text: string };

export type Publication = {
  readonly text: string;
  readonly source: Exclude<ConfigurationSource, "rollback">;
  readonly actor: Actor;
  readonly note?: string;
  /** What its author believes to be the newest; another one refuses. */
  readonly expected?: number | undefined;
  /** Where the same text was published so before, it says nothing new, and the newest stays. */
  readonly unless?: PublishedBefore | undefined;
};

/** At all, or lately by some gateway's file, after a version. */
export type PublishedBefore = "ever" | { readonly byFileAfter: number };

/** One that is the newest already is not published again. */
export type Publishing = { readonly isNew: boolean; readonly entry: ConfigurationEntry };

type Options = { readonly signal?: AbortSignal };

/** The text must have been checked: what stands here is taken by every gateway. */
export async function publishConfiguration(
  database: Database,
  { text, source, actor, note = "", expected, unless }: Publication,
  options: Options = {},
): Promise<Publishing> {
  refuseUnlessOperator(actor, "change the configuration");
  refuseUnstorable(text);
  return await database.transaction(async (query) => {
    const newest = await takeNewest(query, expected);
    const sha256 = digestOf(text);
    if (newest?.sha256 === sha256) return { isNew: false, entry: newest };
    if (newest && unless && (await isPublished(query, sha256, unless))) {
      return { isNew: false, entry: newest };
    }
    const entry = await insert(query, { text, sha256, source, actor, note });
    const details = { sha256, source, note };
    const subject = String(entry.version);
    const told = { actor, action: "configuration.publish", subject, tenant, details } as const;
    await recordAudit(query, told);
    return { isNew: true, entry };
  }, options);
}

export type RollBack = {
  readonly actor: Actor;
  /** The version before the newest, if none is named: a second one returns to where it was. */
  readonly to?: number | undefined;
  readonly expected?: number | undefined;
  /** Throws where nobody could serve it: what was right once may be wrong for a later version of the gateway. */
  readonly check?: (old: PublishedConfiguration) => void;
};

/** An old text becomes the newest; history goes on, it is not cut off. */
export async function rollBackConfiguration(
  database: Database,
  { actor, to, expected, check }: RollBack,
  options: Options = {},
): Promise<Publishing & { readonly to: number }> {
  refuseUnlessOperator(actor, "change the configuration");
  return await database.transaction(async (query) => {
    const newest = await takeNewest(query, expected);
    const wanted = to ?? (newest?.version ?? 0) - 1;
    const old = await readConfiguration(query, wanted);
    if (!newest || !old) throw to === undefined ? nothingBefore() : unknownVersion(wanted);
    if (newest.sha256 === old.sha256) return { isNew: false, entry: newest, to: wanted };
    check?.(old);
    const { text, sha256 } = old;
    const note = `as version ${wanted}`;
    const entry = await insert(query, { text, sha256, source: "rollback", actor, note });
    const details = { sha256, from: newest.version, to: wanted };
    const subject = String(entry.version);
    await recordAudit(query, { actor, action: "configuration.rollback", subject, tenant, details });
    return { isNew: true, entry, to: wanted };
  }, options);
}

/** The one that counts, unless it is the one that is known; one of a lower number is news too, as after a restored backup. */
export async function newestConfiguration(
  query: Query,
  known: number,
  options: Options = {},
): Promise<PublishedConfiguration | undefined> {
  const text = `SELECT ${columns}, text FROM configurations
    WHERE version = (SELECT max(version) FROM configurations) AND version <> $1`;
  const [found] = await query(text, [known], { ...options, parse: parsePublished });
  return found;
}

export async function readConfiguration(
  query: Query,
  version: number,
  options: Options = {},
): Promise<PublishedConfiguration | undefined> {
  const text = `SELECT ${columns}, text FROM configurations WHERE version = $1`;
  const [found] = await query(text, [version], { ...options, parse: parsePublished });
  return found;
}

export type HistoryFilter = {
  /** The last one of the page before. */
  readonly before?: number | undefined;
  readonly most: number;
};

/** The newest first. */
export function listConfigurations(
  query: Query,
  { before, most }: HistoryFilter,
  options: Options = {},
): Promise<ConfigurationEntry[]> {
  const text = `SELECT ${columns} FROM configurations WHERE $1::bigint IS NULL OR version < $1
    ORDER BY version DESC LIMIT $2`;
  return query(text, [before ?? null, most], { ...options, parse: parseEntry });
}

export function digestOf(text: string): string {
  return hash("sha256", text, "hex");
}

export function unknownVersion(version: number): TradewindError {
  return new TradewindError("record_unknown", `there is no version ${version} of the configuration`);
}

/** The configuration is of the whole fleet, so its audit is the operators' own. */
const tenant = usualRights.tenant;

const mostBytes = 1_048_576;

function refuseUnstorable(text: string): void {
  if (Buffer.byteLength(text) > mostBytes)
    throw new TradewindError("parameter_invalid", `a configuration has ${mostBytes} bytes at most`);
  if (text === "" || text.includes("\0"))
    throw new TradewindError("parameter_invalid", "a configuration is text, and not empty");
}

/** Any number will do as long as it is used for nothing else. */
const lockNumber = 2_018_104_524;

/** Holds everybody else off until the transaction ends, then says what is the newest. */
async function takeNewest(
  query: Query,
  expected: number | undefined,
): Promise<ConfigurationEntry | undefined> {
  await query("SELECT pg_advisory_xact_lock($1)", [lockNumber]);
  const [newest] = await listConfigurations(query, { most: 1 });
  if (expected === undefined || newest?.version === expected) return newest;
  const message = newest ? `is version ${newest.version} by now` : "has no version yet";
  throw new TradewindError("record_exists", `the configuration ${message}, and not ${expected}`);
}

/** Files reach the gateways of a fleet within minutes; whoever writes an old text much later means it. */
async function isPublished(query: Query, sha256: string, how: PublishedBefore): Promise<boolean> {
  const isEver = how === "ever";
  const text = `SELECT version FROM configurations WHERE sha256 = $1 AND ($2
    OR version > $3 AND source IN ('file', 'sighup') AND created_at > now() - interval '5 minutes') LIMIT 1`;
  return (await query(text, [sha256, isEver, isEver ? 0 : how.byFileAfter])).length > 0;
}

type Row = Omit<Publication, "source" | "expected" | "unless"> & {
  readonly sha256: string;
  readonly source: ConfigurationSource;
  readonly note: string;
};

async function insert(
  query: Query,
  { text: content, sha256, source, actor, note }: Row,
): Promise<ConfigurationEntry> {
  const text = `INSERT INTO configurations (version, sha256, text, source, actor, note)
    SELECT coalesce(max(version), 0) + 1, $1, $2, $3, $4, $5 FROM configurations RETURNING ${columns}`;
  const values = [sha256, content, source, actor.id, note];
  const [entry] = await query(text, values, { parse: parseEntry });
  if (!entry) throw new TradewindError("internal", "a configuration was written and not given back");
  return entry;
}

function nothingBefore(): TradewindError {
  return new TradewindError("record_unknown", "there is no configuration before the newest to go back to");
}

const columns = "version, sha256, source, actor, note, created_at";

const row = z.object({
  version: z.coerce.number(),
  sha256: z.string(),
  source: z.enum(configurationSources),
  actor: z.string(),
  note: z.string(),
  created_at: z.date(),
});

const rowWithText = row.extend({ text: z.string() });

function parseEntry(given: unknown): ConfigurationEntry {
  const { created_at: createdAt, ...rest } = row.parse(given);
  return { ...rest, createdAt };
}

function parsePublished(given: unknown): PublishedConfiguration {
  const { created_at: createdAt, ...rest } = rowWithText.parse(given);
  return { ...rest, createdAt };
}
