import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";

/** A time in which nothing is scaled, deployed or promoted; taking something back is allowed all the same. */
export type Freeze = {
  readonly id: number;
  /** Undefined: all of them. */
  readonly provider: string | undefined;
  readonly actor: string;
  readonly why: string;
  readonly createdAt: Date;
  /** When it ends by itself. */
  readonly until: Date | undefined;
  /** When it did end, by itself or by somebody; undefined while it lasts. */
  readonly endedAt: Date | undefined;
};

export type FreezeAsk = {
  readonly actor: Actor;
  readonly provider?: string | undefined;
  readonly why: string;
  readonly forMs?: number | undefined;
};

type Options = { readonly signal?: AbortSignal };

/** A second freeze of the same scope takes the place of the first. */
export async function freeze(
  database: Database,
  { actor, provider, why, forMs }: FreezeAsk,
  options: Options = {},
): Promise<Freeze> {
  refuseUnlessOperator(actor, "freeze the fleet");
  if (why.trim() === "" || why.length > mostWhy)
    throw new TradewindError("parameter_invalid", `a freeze has a reason of ${mostWhy} characters at most`);
  return await database.transaction(async (query) => {
    await end(query, { actor, provider });
    const text = `INSERT INTO freezes (provider, actor, why, until)
      VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING ${columns}`;
    const seconds = forMs === undefined ? null : forMs / 1000;
    const [made] = await query(text, [provider ?? null, actor.id, why, seconds], { parse: parseFreeze });
    if (!made) throw new TradewindError("internal", "a freeze was written and not given back");
    const details = { why, until: made.until?.toISOString() ?? null };
    await recordAudit(query, { actor, action: "fleet.freeze", subject: provider ?? "all", tenant, details });
    return made;
  }, options);
}

/** Ends the freeze of this very scope; returns whether there was one. */
export async function thaw(
  database: Database,
  { actor, provider }: Pick<FreezeAsk, "actor" | "provider">,
  options: Options = {},
): Promise<boolean> {
  refuseUnlessOperator(actor, "thaw the fleet");
  return await database.transaction(async (query) => {
    const ended = await end(query, { actor, provider });
    if (ended > 0)
      await recordAudit(query, { actor, action: "fleet.thaw", subject: provider ?? "all", tenant });
    return ended > 0;
  }, options);
}

/** Those that last, and behind them those that ended within a month; of both the newest first. */
export function readFreezes(query: Query, options: Options = {}): Promise<Freeze[]> {
  const text = `SELECT ${columns} FROM freezes
    WHERE coalesce(thawed_at, until) IS NULL OR coalesce(thawed_at, until) > now() - interval '30 days'
    ORDER BY (coalesce(thawed_at, until) <= now()) IS TRUE, id DESC LIMIT 1000`;
  return query(text, [], { ...options, parse: parseFreeze });
}

/** What holds a provider now; of several, the newest. */
export function freezeOf(freezes: readonly Freeze[], provider: string): Freeze | undefined {
  return freezes.find((one) => one.endedAt === undefined && isOver(one, provider));
}

/** When the last one ended that held it, in milliseconds since 1970. */
export function lastThaw(freezes: readonly Freeze[], provider: string): number | undefined {
  const ends = freezes
    .filter((one) => isOver(one, provider))
    .flatMap(({ endedAt }) => endedAt?.getTime() ?? []);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

/** Throws where a provider may not be changed, with who says so and why. */
export function refuseFrozen(freezes: readonly Freeze[], providers: readonly string[]): void {
  for (const provider of providers) {
    const held = freezeOf(freezes, provider);
    if (held) throw frozen(held);
  }
}

export function frozenInWords({ provider, actor, why, until }: Freeze): string {
  const what = provider === undefined ? "the fleet is" : `${provider} is`;
  const end = until === undefined ? "" : ` until ${until.toISOString()}`;
  return `${what} frozen${end} by ${actor}: ${why}`;
}

function frozen(held: Freeze): TradewindError {
  return new TradewindError("fleet_frozen", frozenInWords(held), { hint: "tradewind freeze --off ends it" });
}

const tenant = usualRights.tenant;
const mostWhy = 500;

function isOver({ provider }: Freeze, wanted: string): boolean {
  return provider === undefined || provider === wanted;
}

async function end(
  query: Query,
  { actor, provider }: Pick<FreezeAsk, "actor" | "provider">,
): Promise<number> {
  const text = `UPDATE freezes SET thawed_at = now(), thawed_by = $2
    WHERE provider IS NOT DISTINCT FROM $1 AND thawed_at IS NULL AND (until IS NULL OR until > now())
    RETURNING id`;
  return (await query(text, [provider ?? null, actor.id])).length;
}

const columns = `id, provider, actor, why, created_at, until,
  CASE WHEN thawed_at IS NOT NULL THEN thawed_at WHEN until <= now() THEN until END AS ended_at`;

const row = z.object({
  id: z.coerce.number(),
  provider: z.string().nullable(),
  actor: z.string(),
  why: z.string(),
  created_at: z.date(),
  until: z.date().nullable(),
  ended_at: z.date().nullable(),
});

function parseFreeze(given: unknown): Freeze {
  const { id, provider, actor, why, created_at: createdAt, until, ended_at: endedAt } = row.parse(given);
  return {
    ...{ id, actor, why, createdAt },
    provider: provider ?? undefined,
    until: until ?? undefined,
    endedAt: endedAt ?? undefined,
  };
}
