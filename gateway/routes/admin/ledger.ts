import type { Context } from "hono";
import type { z } from "zod";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import {
  decisionParams,
  decisionQuery,
  type decisionsAnswer,
  describedDecisions,
  describedLedger,
  describedLedgerExport,
  type ledgerAnswer,
  ledgerExportQuery,
  ledgerQuery,
} from "../../document/ledger-routes.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import type { ExportAsk, LedgerLine, Scope } from "../../ledger/ledger-store.ts";
import type { Decisions } from "../../ledger/open-decisions.ts";
import { writeDecision } from "../../ledger/written-decision.ts";
import { actorOf } from "../../records/actor.ts";
import { nextCursor, tenantInView } from "./admin-deps.ts";
import { readParams, readQuery } from "./read-request.ts";

export type AdminLedgerDeps = {
  readonly ledger: Pick<Decisions, "isShared" | "lines" | "find" | "exportPage">;
  readonly clock: Clock;
};

/** What requests cost and took, and why each went where it went; without a database, as far as this process knows. */
export function adminLedgerRoutes({ ledger, clock }: AdminLedgerDeps): DescribedRoutes {
  const routes = createRoutes();
  const kept_by = ledger.isShared ? "fleet" : "process";
  mount(routes, describedLedger, async (c) => {
    const { group_by, model, backend, limit, cursor, ...span } = readQuery(c, ledgerQuery);
    const scope = scopeOf(c, span, clock);
    const lines = await reading(c, (signal) =>
      ledger.lines({ ...scope, model, backend, by: group_by, after: cursor, most: limit }, { signal }),
    );
    const [from, to] = [scope.from, scope.to].map((at) => new Date(at).toISOString()) as [string, string];
    const answer: z.input<typeof ledgerAnswer> = {
      ...{ kept_by, from, to, group_by },
      lines: lines.map(presentLine),
      next_cursor: nextCursor(lines, limit, ({ name }) => name),
    };
    return c.json(answer);
  });
  mount(routes, describedLedgerExport, async (c) => {
    const scope = scopeOf(c, readQuery(c, ledgerExportQuery), clock);
    const body = await streamLines(c, ledger, scope);
    return c.body(body, 200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  });
  mount(routes, describedDecisions, async (c) => {
    const { request_id: requestId } = readParams(c, decisionParams);
    const { tenant: wanted } = readQuery(c, decisionQuery);
    const tenant = tenantInView(actorOf(c.get("caller")), wanted);
    const decisions = await reading(c, (signal) => ledger.find({ requestId, tenant }, { signal }));
    if (decisions.length === 0) throw unknownRequest(requestId);
    const answer: z.input<typeof decisionsAnswer> = { kept_by, decisions: decisions.map(writeDecision) };
    return c.json(answer);
  });
  return routes;
}

const dayMs = 86_400_000;
const mostMs = 400 * dayMs;

type Span = z.output<typeof ledgerExportQuery>;

function scopeOf(c: Context<GatewayEnv>, { from, to, tenant }: Span, clock: Clock): Scope {
  const until = to === undefined ? clock.now() : Date.parse(to);
  const since = from === undefined ? until - dayMs : Date.parse(from);
  if (since >= until) throw new TradewindError("parameter_invalid", "from: is not before to");
  if (until - since > mostMs)
    throw new TradewindError("parameter_invalid", "from: is more than 400 days before to");
  return { from: since, to: until, tenant: tenantInView(actorOf(c.get("caller")), tenant) };
}

function unknownRequest(requestId: string): TradewindError {
  return new TradewindError("record_unknown", `nothing is kept of how request ${requestId} was answered`, {
    hint: "decisions are kept for a day, and the busiest gateways keep only some of them",
  });
}

/** An administrator is told that the database is away, and why not. */
async function reading<Result>(
  c: Context<GatewayEnv>,
  read: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const left = c.req.raw.signal;
  try {
    return await read(AbortSignal.any([left, AbortSignal.timeout(30_000)]));
  } catch (cause) {
    if (left.aborted) throw new TradewindError("caller_left", "the caller closed the connection", { cause });
    throw new TradewindError("database_unavailable", "the ledger cannot be read at the moment", { cause });
  }
}

const mostExported = 1_000_000;
const linesPerPage = 1_000;

/** The next page is read when the last one has left. The first is read before, so that what is wrong has a status. */
async function streamLines(
  c: Context<GatewayEnv>,
  ledger: AdminLedgerDeps["ledger"],
  scope: Scope,
): Promise<ReadableStream<Uint8Array>> {
  const pageAfter = (after: string | undefined) => {
    const ask: ExportAsk = { ...scope, after, most: linesPerPage };
    return reading(c, (signal) => ledger.exportPage(ask, { signal }));
  };
  let page: Awaited<ReturnType<typeof pageAfter>> | undefined = await pageAfter(undefined);
  let sent = 0;
  return new ReadableStream({
    pull: async (controller) => {
      if (page) {
        const text = page.lines.map((line) => `${JSON.stringify(line)}\n`).join("");
        sent += page.lines.length;
        if (text !== "") controller.enqueue(Buffer.from(text));
        const { next } = page;
        page = next === undefined || sent >= mostExported ? undefined : await pageAfter(next);
      }
      if (!page) controller.close();
    },
  });
}

function presentLine(line: LedgerLine): z.input<typeof ledgerAnswer>["lines"][number] {
  const { name, requests, failed, missed, hedges, retries, usd, bytes, sketch, besideUsd, billedUsd } = line;
  const answered = requests - failed;
  return {
    ...{ name, requests, failed, missed, hedges, retries },
    predicted_ms: answered > 0 ? line.predictedMs / answered : null,
    real_ms: answered > 0 ? line.realMs / answered : null,
    p50_ms: sketch?.quantile(0.5) ?? null,
    p99_ms: sketch?.quantile(0.99) ?? null,
    usd,
    usd_per_million: requests > 0 ? (usd / requests) * 1e6 : null,
    cheapest_other_usd: line.cheapestOtherUsd,
    dearest_other_usd: line.dearestOtherUsd,
    sent_bytes: bytes,
    beside_usd: { ...besideUsd },
    billed_usd: billedUsd ?? null,
  };
}
