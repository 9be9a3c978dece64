import type { BoundedStore } from "./bounded-store.ts";
import { divideUp } from "./pace.ts";
import { PlaceTable } from "./places.ts";
import { type Level, remainingOf, type Standing, standingAt, taken, waitOf } from "./rate-level.ts";
import type { Admission, AdmitOperation, Budget, Lookup, Places, Receipt } from "./soft-state.ts";
import { asBytes, asCount, mustHoldPlaces, type Stored } from "./stored.ts";

/** Where a process keeps one tag's keys. */
export type Shelf = {
  readonly store: BoundedStore<Stored>;
  readonly name: (key: string) => string;
  /** Whole microseconds. */
  readonly now: number;
};

type Refusal = NonNullable<Admission["refusal"]>;

/** Looks at everything and writes only when nothing refused, step by step as the script for Redis does. */
export function admit(shelf: Shelf, operation: AdmitOperation): Admission {
  const { rates, places = [], budgets, receipt, lookups } = operation;
  const before = rates.map((rate) => standingAt(shelf.now, rate, levelOf(shelf, rate.key)));
  const tables = places.map((bound) => ({ bound, table: tableOf(shelf, bound.key) }));
  const held = tables.map(({ table }) => table.count(shelf.now));
  let refusal = refusedByRates(before) ?? refusedByPlaces(shelf, tables);
  const found = refusal ? [] : lookups.map(({ key }) => asBytes(shelf.store.get(shelf.name(key))?.value));
  const missing = found.filter((value, index) => value === undefined && !lookups[index]?.free).length;
  const charges = budgets.map((budget) => chargeOf(shelf, budget, missing));
  refusal ??= refusedByBudgets(shelf, charges);
  const spent = charges.map(({ count, cost }) => (refusal ? count : count + cost));
  if (refusal) {
    return { admitted: false, refusal, rates: before.map(remainingOf), taken: held, spent, found: [] };
  }
  const after = before.map(taken);
  for (const standing of after) keepLevel(shelf, standing);
  for (const taking of tables) takePlace(shelf, taking);
  for (const charge of charges) keepCount(shelf, charge);
  if (receipt) keepReceipt(shelf, receipt, charges);
  return {
    admitted: true,
    rates: after.map(remainingOf),
    taken: tables.map(({ table }) => table.count(shelf.now)),
    spent,
    found: lookups.map((lookup, index) => answerLookup(shelf, lookup, found[index])),
  };
}

function levelOf({ store, name }: Shelf, key: string): Level | undefined {
  const kept = store.get(name(key))?.value;
  return typeof kept === "object" && "level" in kept ? kept : undefined;
}

function tableOf({ store, name }: Shelf, key: string): PlaceTable {
  return mustHoldPlaces(store.get(name(key))?.value) ?? new PlaceTable();
}

/** Of several that refuse, the one that does so longest: the others will have let go by then. */
function refusedByRates(rates: readonly Standing[]): Refusal | undefined {
  let refusal: Refusal | undefined;
  for (const [index, standing] of rates.entries()) {
    const retryMs = waitOf(standing);
    if (retryMs > (refusal?.retryMs ?? 0)) refusal = { by: "rates", index, retryMs };
  }
  return refusal;
}

type Bounded = { readonly bound: Places; readonly table: PlaceTable };

function refusedByPlaces({ now }: Shelf, tables: readonly Bounded[]): Refusal | undefined {
  for (const [index, { bound, table }] of tables.entries()) {
    const { most, member } = bound;
    const count = table.count(now);
    if (count < most || table.holds(member, now)) continue;
    const retryMs =
      most === 0 ? Number.POSITIVE_INFINITY : divideUp(table.endOf(count - most + 1) - now, 1_000);
    return { by: "places", index, retryMs };
  }
  return undefined;
}

type Charge = ReturnType<typeof chargeOf>;

function chargeOf({ store, name }: Shelf, budget: Budget, missing: number) {
  const key = name(budget.key);
  const kept = store.get(key);
  const known = asCount(kept?.value);
  const count = Math.max(known ?? 0, budget.seed);
  const expiresAt = known === undefined ? undefined : kept?.expiresAt;
  return { key, budget, known, count, cost: budget.cost + missing * budget.costEach, expiresAt };
}

/** What costs nothing passes even where more is spent than may be. */
function refusedByBudgets({ now }: Shelf, charges: readonly Charge[]): Refusal | undefined {
  const index = charges.findIndex(({ budget, count, cost }) => cost > 0 && count + cost > budget.most);
  const charge = charges[index];
  if (!charge) return undefined;
  const helps = charge.expiresAt !== undefined && charge.cost <= charge.budget.most;
  const retryMs = helps ? Math.ceil((charge.expiresAt ?? 0) - now / 1_000) : Number.POSITIVE_INFINITY;
  return { by: "budgets", index, retryMs };
}

function keepLevel({ store, name }: Shelf, standing: Standing): void {
  const { resetMs } = remainingOf(standing);
  if (resetMs > 0)
    store.set(name(standing.rate.key), { at: standing.at, level: standing.level }, { ttlMs: resetMs });
}

function takePlace({ store, name, now }: Shelf, { bound: { key, member, ttlMs }, table }: Bounded): void {
  table.take(member, now + ttlMs * 1_000);
  store.set(name(key), table, { ttlMs: Math.ceil((table.latest - now) / 1_000) });
}

function keepCount({ store }: Shelf, { key, budget, known, count, cost, expiresAt }: Charge): void {
  const after = count + cost;
  if (after === (known ?? 0)) return;
  store.set(key, after, expiresAt === undefined ? { ttlMs: budget.ttlMs } : { expiresAt });
}

function keepReceipt({ store, name }: Shelf, { key, ttlMs }: Receipt, charges: readonly Charge[]): void {
  const charged = charges.map(({ cost }) => cost).join(" ");
  store.set(name(key), new TextEncoder().encode(charged), { ttlMs });
}

function answerLookup({ store, name }: Shelf, { claim }: Lookup, value: Uint8Array | undefined) {
  if (value || !claim) return { value, claimed: false };
  const key = name(claim.key);
  if (store.get(key)) return { value, claimed: false };
  store.set(key, new TextEncoder().encode(claim.token), { ttlMs: claim.ttlMs });
  return { value, claimed: true };
}
