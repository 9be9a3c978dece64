import type { Clock } from "#infra/runtime/clock.ts";
import { monthOf } from "./month.ts";
import { hourMs, type MonthSum, noUsage, type UsageRow } from "./usage-store.ts";

/** What one request used. */
export type UsageEvent = {
  readonly tenant: string;
  readonly keyId: string;
  readonly model: string;
  /** Answered, the cached ones among them: what the monthly bound is charged with. */
  readonly images: number;
  readonly cached: number;
  readonly failed: number;
  readonly nanoUsd: number;
  /** One if it is left out, and none for work that nobody asked for, such as making an old answer anew. */
  readonly requests?: number;
};

export type MonthUsed = { readonly images: number; readonly nanoUsd: number };

export type LedgerOptions = {
  readonly clock: Clock;
  /** Beyond these, what is new is counted to its tenant alone; beyond twice as many, to nobody. */
  readonly mostRows?: number;
};

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };
type Sum = Mutable<MonthUsed>;
type Key = { readonly id: string; readonly rows: Map<string, Row>; usedAt: number; isUsed: boolean };
type Row = Mutable<UsageRow> & { readonly key: Key; readonly sum: Sum; isDirty: boolean };

const nothing: MonthUsed = { images: 0, nanoUsd: 0 };

/**
 * Of this hour: what was counted since it began is found by name. What has something in it waits in `#dirty`, also
 * from hours before, until it is taken. Counting allocates only at a key's first request of an hour for a model.
 */
export class Ledger {
  readonly #clock: Clock;
  readonly #mostRows: number;
  #hour = Number.NaN;
  #month = "";
  /** By tenant and key. */
  #keys = new Map<string, Map<string, Key>>();
  #rowCount = 0;
  #dirty: Row[] = [];
  #sums = new Map<string, Sum>();
  #used: Key[] = [];
  #usedBefore = new Map<string, number>();

  constructor({ clock, mostRows = 100_000 }: LedgerOptions) {
    this.#clock = clock;
    this.#mostRows = mostRows;
  }

  count(event: UsageEvent): void {
    const now = this.#clock.now();
    this.#turn(now);
    const row = this.#find(event.tenant, event.keyId, event.model) ?? this.#openRow(event);
    if (!row.isDirty) this.#dirty.push(row);
    row.isDirty = true;
    row.requests += event.requests ?? 1;
    row.images += event.images;
    row.cached += event.cached;
    row.failed += event.failed;
    row.nanoUsd += event.nanoUsd;
    const sum = row.tenant === event.tenant ? row.sum : this.#sumOf(event.tenant);
    sum.images += event.images;
    sum.nanoUsd += event.nanoUsd;
    if (!row.key.isUsed) this.#used.push(row.key);
    row.key.isUsed = true;
    row.key.usedAt = now;
  }

  /** Of this month, never less than was known before. */
  month(tenant: string): MonthUsed {
    this.#turn(this.#clock.now());
    return this.#sums.get(tenant) ?? nothing;
  }

  /** Hands out at most so many rows and forgets them. */
  take(most: number): readonly UsageRow[] {
    const taken = this.#dirty.slice(0, most);
    this.#dirty = this.#dirty.slice(most);
    return taken.map(emptied);
  }

  /** Learns what a store holds of a month, which is everything that was taken and nothing that was not. */
  learn(month: string, known: readonly MonthSum[]): void {
    this.#turn(this.#clock.now());
    if (month !== this.#month) return;
    const untaken = sumUp(this.#dirty, month);
    for (const { tenant, images, nanoUsd } of known) {
      const [sum, more] = [this.#sumOf(tenant), untaken.get(tenant) ?? nothing];
      sum.images = Math.max(sum.images, images + more.images);
      sum.nanoUsd = Math.max(sum.nanoUsd, nanoUsd + more.nanoUsd);
    }
  }

  /** When each key was last used, of those used since the last call. */
  takeLastUsed(): Map<string, number> {
    const taken = withUsed(this.#usedBefore, this.#used, this.#mostRows);
    this.#used = [];
    this.#usedBefore = new Map();
    return taken;
  }

  /** A new hour has new rows, so that those which nobody uses any more are forgotten. */
  #turn(now: number): void {
    const hour = Math.floor(now / hourMs);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#keys = new Map();
    this.#rowCount = this.#dirty.length;
    this.#usedBefore = withUsed(this.#usedBefore, this.#used, this.#mostRows);
    this.#used = [];
    const month = monthOf(now);
    if (month !== this.#month) this.#sums = new Map();
    this.#month = month;
  }

  #find(tenant: string, keyId: string, model: string): Row | undefined {
    return this.#keys.get(tenant)?.get(keyId)?.rows.get(model);
  }

  #openRow({ tenant, keyId, model }: UsageEvent): Row {
    if (this.#rowCount < this.#mostRows) return this.#addRow(tenant, keyId, model);
    const merged = this.#find(tenant, "", "");
    if (merged) return merged;
    if (this.#rowCount < 2 * this.#mostRows) return this.#addRow(tenant, "", "");
    return this.#find("", "", "") ?? this.#addRow("", "", "");
  }

  #addRow(tenant: string, keyId: string, model: string): Row {
    const keys = this.#keys.get(tenant) ?? put(this.#keys, tenant, new Map<string, Key>());
    const key = keys.get(keyId) ?? put(keys, keyId, { id: keyId, rows: new Map(), usedAt: 0, isUsed: false });
    const names = { tenant, keyId, model, hour: this.#hour * hourMs };
    this.#rowCount += 1;
    return put(key.rows, model, { ...names, ...noUsage, key, sum: this.#sumOf(tenant), isDirty: false });
  }

  /** Tenants beyond the bound get a sum that nobody reads. */
  #sumOf(tenant: string): Sum {
    const found = this.#sums.get(tenant);
    if (found) return found;
    const sum = { images: 0, nanoUsd: 0 };
    return this.#sums.size < 2 * this.#mostRows ? put(this.#sums, tenant, sum) : sum;
  }
}

function put<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): Value {
  map.set(key, value);
  return value;
}

function emptied(row: Row): UsageRow {
  const { key: _key, sum: _sum, isDirty: _isDirty, ...taken } = row;
  row.isDirty = false;
  row.requests = 0;
  row.images = 0;
  row.cached = 0;
  row.failed = 0;
  row.nanoUsd = 0;
  return taken;
}

function sumUp(rows: readonly Row[], month: string): Map<string, Sum> {
  const found = new Map<string, Sum>();
  for (const { tenant, hour, images, nanoUsd } of rows) {
    if (monthOf(hour) !== month) continue;
    const sum = found.get(tenant) ?? put(found, tenant, { images: 0, nanoUsd: 0 });
    sum.images += images;
    sum.nanoUsd += nanoUsd;
  }
  return found;
}

/** The empty id is of those that were merged. */
function withUsed(before: Map<string, number>, used: readonly Key[], most: number): Map<string, number> {
  for (const key of used) {
    key.isUsed = false;
    const at = Math.max(before.get(key.id) ?? 0, key.usedAt);
    if (key.id !== "" && (before.has(key.id) || before.size < most)) before.set(key.id, at);
  }
  return before;
}
