import { DecisionRing } from "./decision-ring.ts";
import { addCounts, hourOf, keyOf } from "./hour-rows.ts";
import {
  type Dimension,
  type ExportAsk,
  type ExportLine,
  type ExportPage,
  type LedgerLine,
  type LedgerRow,
  type LedgerStore,
  type LinesAsk,
  nothingBeside,
  nothingCounted,
} from "./ledger-store.ts";
import { decisionOf, type Recorded } from "./record-pursuit.ts";

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** The ledger of a gateway without a database: each process knows its own, and a restart forgets it. */
export function createLedgerInMemory({
  mostRows = 5_000,
  mostDecisions = 10_000,
}: {
  readonly mostRows?: number;
  readonly mostDecisions?: number;
} = {}): LedgerStore {
  const rows = new Map<string, Mutable<LedgerRow>>();
  const ring = new DecisionRing(mostDecisions);
  return {
    isShared: false,
    write: async (batch) => {
      for (const row of batch.rows) addRow(rows, row, mostRows);
      for (const recorded of batch.decisions) ring.add(recorded);
    },
    lines: async (ask) => linesOf([...rows.values()], ask),
    find: async ({ requestId, tenant }) => ring.find(requestId, tenant).map(decisionOf),
    exportPage: async (ask) => exportOf(ring, ask),
  };
}

export function exportLine({ at, bytes, model, outcome }: Omit<Recorded, "seen">): ExportLine {
  const { totalMs, answeredBy = null, spentUsd, missed } = outcome;
  return { at: Math.round(at), bytes, model, ms: totalMs, backend: answeredBy, usd: spentUsd, missed };
}

/** The row that was written first goes when there are too many, which is one of an hour long gone. */
function addRow(rows: Map<string, Mutable<LedgerRow>>, row: LedgerRow, most: number): void {
  const key = keyOf(row);
  const found = rows.get(key);
  if (found) {
    addCounts(found, row);
    return;
  }
  const oldest = rows.keys().next();
  if (rows.size >= most && !oldest.done) rows.delete(oldest.value);
  rows.set(key, { ...row });
}

function linesOf(rows: readonly LedgerRow[], ask: LinesAsk): readonly LedgerLine[] {
  const wanted = rows.filter((row) => isWanted(row, ask));
  const names = Map.groupBy(wanted, (row) => nameOf(row, ask.by));
  return [...names.keys()]
    .sort()
    .filter((name) => ask.after === undefined || name > ask.after)
    .slice(0, ask.most)
    .map((name) => lineOf(name, names.get(name) ?? []));
}

function isWanted({ hour, tenant, model, backend }: LedgerRow, ask: LinesAsk): boolean {
  const isTheirs = ask.tenant === undefined || ask.tenant === tenant;
  const isOf = ask.model === undefined || ask.model === model;
  const isBy = ask.backend === undefined || ask.backend === backend;
  return isTheirs && isOf && isBy && hour >= hourOf(ask.from) && hour < ask.to;
}

function nameOf(row: LedgerRow, by: Dimension): string {
  return by === "hour" ? `${new Date(row.hour).toISOString().slice(0, 19)}Z` : row[by];
}

function lineOf(name: string, rows: readonly LedgerRow[]): LedgerLine {
  const besideUsd = { ...nothingBeside };
  const sum: Mutable<LedgerLine> = {
    ...{ name, ...nothingCounted, besideUsd, billedUsd: undefined, sketch: undefined },
  };
  for (const row of rows) {
    if (row.kind === "request") addCounts(sum, row);
    else besideUsd[row.kind] += row.usd;
  }
  return sum;
}

/** Pages are numbered by how many came before; while requests come in, that is near enough. */
function exportOf(ring: DecisionRing, { from, to, tenant, after, most }: ExportAsk): ExportPage {
  const all = [...ring.newest()].filter(
    (one) => one.at >= from && one.at < to && (tenant === undefined || one.tenant === tenant),
  );
  const start = Number(after ?? 0);
  const lines = all
    .reverse()
    .slice(start, start + most)
    .map(exportLine);
  return { lines, next: lines.length === most ? String(start + most) : undefined };
}
