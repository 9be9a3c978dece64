import { createSketch, type Sketch } from "../agreement/latency-sketch.ts";
import type { TryMade } from "./decision.ts";
import {
  type BesideKind,
  hourMs,
  type LedgerCounts,
  type LedgerRow,
  nothingCounted,
} from "./ledger-store.ts";
import type { Recorded } from "./record-pursuit.ts";

/** What was sent beside requests, and what it costs. */
export type Beside = {
  readonly kind: BesideKind;
  readonly at: number;
  readonly tenant: string;
  readonly model: string;
  readonly backend: string;
  readonly usd: number;
  readonly bytes?: number;
};

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };
type Row = Mutable<LedgerRow>;
type Names = Pick<LedgerRow, "hour" | "kind" | "tenant" | "model" | "backend">;

/**
 * Sums that wait to be written. A request counts at the backend that answered it, or was asked last; what a try cost
 * counts at the backend that it was sent to, as its bill will.
 */
export class HourRows {
  readonly #mostRows: number;
  #rows = new Map<string, Row>();
  /** Most often the next one is the same. */
  #last: { readonly names: Names; readonly row: Row } | undefined;

  /** Beyond these, what is new is counted to its tenant alone; beyond twice as many, to nobody. */
  constructor({ mostRows = 2_000 }: { readonly mostRows?: number } = {}) {
    this.#mostRows = mostRows;
  }

  get size(): number {
    return this.#rows.size;
  }

  add(recorded: Recorded): void {
    const { at, tenant, model, tries, outcome, bytes } = recorded;
    const hour = hourOf(at);
    for (const made of tries) {
      const row = this.#row({ hour, kind: "request", tenant, model, backend: made.backend });
      row.hedges += made.kind === "hedge" ? 1 : 0;
      row.retries += made.kind === "retry" ? 1 : 0;
      row.usd += made.state === "failed" ? 0 : made.costUsd;
      row.bytes += bytes;
    }
    const backend = outcome.answeredBy ?? tries.at(-1)?.backend ?? "";
    const row = this.#row({ hour, kind: "request", tenant, model, backend });
    const by = outcome.answeredBy === undefined ? undefined : tries.find(isAnswer);
    row.requests += 1;
    row.failed += by ? 0 : 1;
    row.missed += outcome.missed ? 1 : 0;
    row.predictedMs += by?.predictedMs ?? 0;
    row.realMs += by?.ms ?? 0;
    row.cheapestOtherUsd += outcome.cheapestOtherUsd ?? outcome.spentUsd;
    row.dearestOtherUsd += outcome.dearestOtherUsd ?? outcome.spentUsd;
    row.sketch ??= createSketch();
    row.sketch.add(outcome.totalMs);
  }

  addBeside({ kind, at, tenant, model, backend, usd, bytes = 0 }: Beside): void {
    const row = this.#row({ hour: hourOf(at), kind, tenant, model, backend });
    row.requests += 1;
    row.usd += Number.isFinite(usd) ? usd : 0;
    row.bytes += bytes;
  }

  /** Hands out at most so many rows and forgets them. */
  take(most: number): readonly LedgerRow[] {
    const taken: LedgerRow[] = [];
    this.#last = undefined;
    for (const [key, row] of this.#rows) {
      if (taken.length === most) break;
      this.#rows.delete(key);
      taken.push(row);
    }
    return taken;
  }

  #row(names: Names): Row {
    if (this.#last && areSame(this.#last.names, names)) return this.#last.row;
    const row = this.#find(names);
    this.#last = { names, row };
    return row;
  }

  #find(names: Names): Row {
    const key = keyOf(names);
    const found = this.#rows.get(key);
    if (found) return found;
    if (this.#rows.size < this.#mostRows) return this.#open(key, names);
    const merged = { ...names, model: "", backend: "" };
    const ofTenant = keyOf(merged);
    const more = this.#rows.get(ofTenant);
    if (more || this.#rows.size < 2 * this.#mostRows) return more ?? this.#open(ofTenant, merged);
    const lost = { ...merged, tenant: "", hour: 0 };
    return this.#rows.get(keyOf(lost)) ?? this.#open(keyOf(lost), lost);
  }

  #open(key: string, names: Names): Row {
    const row = { ...names, ...nothingCounted, sketch: undefined };
    this.#rows.set(key, row);
    return row;
  }
}

function areSame(one: Names, other: Names): boolean {
  return (
    one.backend === other.backend &&
    one.model === other.model &&
    one.tenant === other.tenant &&
    one.kind === other.kind &&
    one.hour === other.hour
  );
}

export function keyOf({ hour, kind, tenant, model, backend }: Names): string {
  return `${hour}\n${kind}\n${tenant}\n${model}\n${backend}`;
}

export function hourOf(at: number): number {
  return at - (at % hourMs);
}

/** Adds to the first, sketches too; the other stays as it is. */
export function addCounts(
  sum: Mutable<LedgerCounts> & { sketch: Sketch | undefined },
  more: LedgerCounts & { readonly sketch: Sketch | undefined },
): void {
  for (const name of countNames) sum[name] += more[name];
  if (!more.sketch) return;
  sum.sketch ??= createSketch();
  sum.sketch.merge(more.sketch);
}

export const countNames = Object.keys(nothingCounted) as (keyof LedgerCounts)[];

function isAnswer({ state }: TryMade): boolean {
  return state === "answered";
}
