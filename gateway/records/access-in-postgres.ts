import { z } from "zod";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { listenTo } from "#infra/runtime/postgres/listen.ts";
import type { AccessChange, AccessSource } from "./access-source.ts";
import { changeColumns, parseChange } from "./key-rows.ts";
import { parseTenantChange, tenantColumns } from "./tenants.ts";

export type AccessInPostgresOptions = {
  readonly database: Database;
  readonly url: string;
  readonly clock: Clock;
};

/** The channel on which the tables' triggers tell of a change. */
const channel = "tradewind_access";

/**
 * Tenants and keys of PostgreSQL: all at once, then by the transaction that changed them. The next read begins at the
 * oldest transaction that was still open at the last one, so that one which commits late is not missed; what was read
 * twice does no harm.
 */
export function accessInPostgres({ database, url, clock }: AccessInPostgresOptions): AccessSource {
  let position: bigint | undefined;
  return {
    read: async ({ signal }) => {
      const [now = 0n] = await database.query(horizon, [], { parse: parseHorizon, signal });
      // A database that went back in time was restored from a backup: nothing that is known of it counts.
      const since = position !== undefined && position <= now ? position : undefined;
      const change = await readSince(database, since, signal);
      position = now;
      return change;
    },
    watch: (onChange) => listenTo({ url, channel, onNotify: onChange, clock }),
  };
}

/** Before the rows, in a statement of its own: what it calls finished, those that follow can see. */
const horizon = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS oldest";

const horizonRow = z.object({ oldest: z.string().regex(/^\d+$/) });

function parseHorizon(row: unknown): bigint {
  return BigInt(horizonRow.parse(row).oldest);
}

/**
 * Keys before tenants: a key that is seen has its tenant, which came before it. Deleted tenants are read as well, since
 * one that was deleted must not be taken for one that nobody ever described.
 */
async function readSince(
  database: Database,
  since: bigint | undefined,
  signal: AbortSignal,
): Promise<AccessChange> {
  const isWhole = since === undefined;
  const values = isWhole ? [] : [String(since)];
  const read = <Row extends object>(text: string, live: string, parse: (row: unknown) => Row) =>
    database.query(`${text} WHERE ${isWhole ? live : changed}`, values, { parse: spared(parse), signal });
  const keys = await read(`SELECT ${changeColumns} FROM api_keys`, "revoked_at IS NULL", parseChange);
  const tenants = await read(`SELECT ${tenantColumns} FROM tenants`, "true", parseTenantChange);
  return { isWhole, keys, tenants };
}

/** Rows restored from another server may carry numbers of its future, which would be read again and again. */
const changed = "changed_xid >= $1::xid8 AND changed_xid < pg_snapshot_xmax(pg_current_snapshot())";

const named = z.object({ id: z.string() });

/** A row that somebody spoiled by hand closes its own door: it may not keep the others' news out. */
function spared<Row>(parse: (row: unknown) => Row): (row: unknown) => Row | { id: string; gone: true } {
  return (row) => {
    try {
      return parse(row);
    } catch (error) {
      const { id } = named.parse(row);
      sideConcernSkipped.publish({ what: "reading a key or a tenant", detail: id, error });
      return { id, gone: true };
    }
  };
}
