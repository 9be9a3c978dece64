import type { Context } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Access } from "../../admission/access.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import { type Actor, actorOf } from "../../records/actor.ts";

export type AdminDeps = {
  /** None with `records: file`. */
  readonly database: Database | undefined;
  readonly access: Pick<Access, "refresh">;
  readonly clock: Clock;
  readonly chance: Chance;
};

export type Administration = AdminDeps & { readonly database: Database; readonly actor: Actor };

/** Who administers, and the database in which that is possible at all. */
export function administer(c: Context<GatewayEnv>, deps: AdminDeps): Administration {
  const { database } = deps;
  if (database) return { ...deps, database, actor: actorOf(c.get("caller")) };
  throw new TradewindError(
    "forbidden",
    "this gateway runs with records: file, so keys and tenants are changed in its file, and there is no audit",
  );
}

/** This gateway knows its own change before it answers, the others a moment later; the change stands either way. */
export async function takeOver({ access }: Pick<AdminDeps, "access">): Promise<void> {
  await access.refresh().catch((error: unknown) => {
    sideConcernSkipped.publish({ what: "refreshing the keys", error });
  });
}

/** The tenant whose records are listed: an operator may name any, or none for all of them. */
export function tenantInView({ within }: Actor, wanted: string | undefined): string | undefined {
  if (within === undefined || wanted === within.tenant) return wanted;
  if (wanted === undefined) return within.tenant;
  throw new TradewindError("forbidden", `this key sees the records of tenant ${within.tenant} alone`);
}

/** Where the next page begins, if this one is full. */
export function nextCursor<Row>(
  rows: readonly Row[],
  most: number,
  cursor: (row: Row) => string,
): string | null {
  const last = rows.at(-1);
  return last !== undefined && rows.length === most ? cursor(last) : null;
}
