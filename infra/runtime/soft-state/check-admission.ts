import { TradewindError } from "../errors.ts";
import { atMost, checkName, checkTtl, checkWhole, softLimits } from "./soft-limits.ts";
import type { AdmitOperation, Budget, Lookup, Places, Rate, Receipt, SettleOperation } from "./soft-state.ts";

/** Refuses an admission that is too large, makes no sense, or names one bound twice, which would take from it once only. */
export function checkAdmission(operation: AdmitOperation): void {
  const { rates, places = [], budgets, receipt, lookups } = operation;
  atMost("rates in one admission", rates.length, softLimits.rates);
  atMost("places in one admission", places.length, softLimits.places);
  atMost("budgets in one admission", budgets.length, softLimits.budgets);
  atMost("lookups in one admission", lookups.length, softLimits.lookups);
  for (const rate of rates) checkRate(rate);
  for (const one of places) checkPlaces(one);
  for (const budget of budgets) checkBudget(budget);
  if (receipt) checkReceipt(receipt);
  for (const lookup of lookups) checkLookup(lookup);
  checkDifferent(rates);
  checkDifferent(places);
  checkDifferent(budgets);
}

/** Amounts are counted exactly or not at all. */
export function checkSettlement({ spent }: SettleOperation): void {
  atMost("budgets in one settlement", spent.length, softLimits.budgets);
  for (const { key, amount } of spent) {
    checkName("key", key);
    checkWhole("what was spent", amount, 0, Number.MAX_SAFE_INTEGER);
  }
}

function checkRate({ key, most, periodMs, burst, cost }: Rate): void {
  checkName("key", key);
  checkWhole("what a rate allows", most, 1, softLimits.rateUnits);
  checkWhole("a rate's burst", burst, 0, softLimits.rateUnits);
  checkWhole("a rate's cost", cost, 0, softLimits.rateUnits);
  checkTtl(periodMs);
  // Its level must be forgotten no later than any other key.
  if (burst * periodMs > most * softLimits.ttlMs) {
    throw new TradewindError("internal", "a rate that would take over 30 days to let its burst pass again");
  }
}

function checkPlaces({ key, member, most, ttlMs }: Places): void {
  checkName("key", key);
  checkName("member", member);
  checkBound("the places", most);
  checkTtl(ttlMs);
}

function checkBudget({ key, most, seed, cost, costEach, ttlMs }: Budget): void {
  checkName("key", key);
  checkBound("a budget", most);
  checkWhole("a budget's seed", seed, 0, Number.MAX_SAFE_INTEGER);
  checkWhole("a budget's cost", cost, 0, Number.MAX_SAFE_INTEGER);
  checkWhole("a budget's cost of each", costEach, 0, Number.MAX_SAFE_INTEGER);
  checkTtl(ttlMs);
}

function checkReceipt({ key, ttlMs }: Receipt): void {
  checkName("key", key);
  checkTtl(ttlMs);
}

function checkLookup({ key, claim }: Lookup): void {
  checkName("key", key);
  if (!claim) return;
  checkName("key", claim.key);
  checkName("token", claim.token);
  checkTtl(claim.ttlMs);
  if (claim.key === key) throw new TradewindError("internal", "a claim in the place of its value");
}

function checkBound(what: string, most: number): void {
  if (most !== Number.POSITIVE_INFINITY) checkWhole(what, most, 0, Number.MAX_SAFE_INTEGER);
}

function checkDifferent(bounds: readonly { readonly key: string }[]): void {
  for (let at = 1; at < bounds.length; at += 1) {
    for (let before = 0; before < at; before += 1) {
      if (bounds[at]?.key === bounds[before]?.key) {
        throw new TradewindError("internal", "an admission that names the same key twice");
      }
    }
  }
}
