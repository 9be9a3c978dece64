import type {
  AdmitOperation,
  SettleOperation,
  SoftResult,
  SoftState,
} from "#infra/runtime/soft-state/soft-state.ts";
import { isUnsent } from "#infra/runtime/soft-state/unsent.ts";
import { providerOf } from "../../fleet/name-backends.ts";
import type { Standing } from "../standing.ts";

export type SpendingShare = {
  /** Tells what was spent here since the last time and learns what all have spent. Rejects where nobody answers. */
  readonly turn: () => Promise<void>;
};

export type SpendingOptions = {
  readonly softState: Pick<SoftState, "apply">;
  readonly standings: () => readonly Standing[];
  readonly gateways: () => number;
  readonly now: () => number;
  readonly id: string;
};

/**
 * Counts what providers with a budget cost, for all gateways together: by the hour and by the day, in whole
 * nano-dollars, so that it outlives them. A counter that was lost begins at what is known here.
 *
 * What was told without an answer is told again. It carries a receipt, by which the first telling is undone if it did
 * arrive; where the receipt is gone too it counts twice, since a budget may be kept too early but not too late.
 */
export function createSpendingShare(options: SpendingOptions): SpendingShare {
  const { softState, standings, gateways, now, id } = options;
  const doubts = new Map<string, Receipt[]>();
  let turns = 0;
  const tell = async (tellings: readonly Telling[]): Promise<void> => {
    try {
      const results = await softState.apply(tellings.flatMap(({ operations }) => operations));
      for (const telling of tellings) doubts.delete(telling.provider);
      learn(tellings, results, { gateways: gateways(), now: now() });
    } catch (error) {
      for (const { provider, standing, taken, receipt } of tellings) {
        standing.spending.giveBack(taken, receipt.at, now());
        if (isUnsent(error)) continue;
        const doubted = [...(doubts.get(provider) ?? []), receipt];
        doubts.set(provider, doubted.slice(-mostDoubts));
      }
      throw error;
    }
  };
  return {
    turn: async () => {
      turns += 1;
      const at = now();
      const bounded = onesOfProviders(standings());
      for (const provider of doubts.keys()) if (!bounded.has(provider)) doubts.delete(provider);
      const tellings = [...bounded].map((bound) =>
        tellingOf(bound, { key: `told:${id}:${turns}`, at }, doubts.get(bound[0]) ?? []),
      );
      const told: Promise<void>[] = [];
      for (let from = 0; from < tellings.length; from += mostTogether)
        told.push(tell(tellings.slice(from, from + mostTogether)));
      const failed = (await Promise.allSettled(told)).find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    },
  };
}

/** What a telling was written down under, and when. */
type Receipt = { readonly key: string; readonly at: number };

type Telling = {
  readonly provider: string;
  readonly standing: Standing;
  readonly taken: { readonly hour: number; readonly day: number };
  readonly receipt: Receipt;
  /** The doubts about earlier ones, then this one. */
  readonly operations: readonly (SettleOperation | AdmitOperation)[];
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const receiptMs = 30_000;
const mostDoubts = 4;

/** Each is up to five operations, of 128 in one call. */
const mostTogether = 24;

/** One of each provider's speaks for all of them: what they have spent they have in common. */
function onesOfProviders(standings: readonly Standing[]): ReadonlyMap<string, Standing> {
  return new Map(standings.filter(hasBudget).map((standing) => [providerOf(standing.name), standing]));
}

function hasBudget({ terms: { budget } }: Standing): boolean {
  return budget.usdPerHour !== Number.POSITIVE_INFINITY || budget.usdPerDay !== Number.POSITIVE_INFINITY;
}

function tellingOf(
  [provider, standing]: readonly [string, Standing],
  receipt: Receipt,
  doubted: readonly Receipt[],
): Telling {
  const { spending } = standing;
  const tag = `backend:${provider}`;
  const { at } = receipt;
  const known = spending.known(at);
  const taken = spending.take(at);
  const budgets = [
    budgetOf(hourKey(at), { seed: known.hour, cost: taken.hour, ttlMs: 2 * hourMs }),
    budgetOf(dayKey(at), { seed: known.day, cost: taken.day, ttlMs: 2 * dayMs }),
  ];
  const undoing = doubted.map(({ key, at: then }): SettleOperation => {
    const spent = [hourKey(then), dayKey(then)].map((counter) => ({ key: counter, amount: 0 }));
    return { kind: "settle", tag, key, spent };
  });
  const written = { key: receipt.key, ttlMs: receiptMs };
  return {
    provider,
    standing,
    taken,
    receipt,
    operations: [...undoing, { kind: "admit", tag, rates: [], budgets, receipt: written, lookups: [] }],
  };
}

type Counted = { readonly seed: number; readonly cost: number; readonly ttlMs: number };

function budgetOf(key: string, { seed, cost, ttlMs }: Counted) {
  const most = Number.POSITIVE_INFINITY;
  return { key, most, seed: inNanoUsd(seed), cost: inNanoUsd(cost), costEach: 0, ttlMs };
}

function hourKey(at: number): string {
  return `hour:${Math.floor(at / hourMs)}`;
}

function dayKey(at: number): string {
  return `day:${Math.floor(at / dayMs)}`;
}

/** Rounded up, and never so much that sums are not exact any more. */
function inNanoUsd(usd: number): number {
  return Math.min(mostNanoUsd, Math.ceil(usd * 1e9 - 1e-3));
}

const mostNanoUsd = 1e14;

type Learning = { readonly gateways: number; readonly now: number };

function learn(
  tellings: readonly Telling[],
  results: readonly SoftResult[],
  { gateways, now }: Learning,
): void {
  let place = -1;
  for (const { standing, receipt, operations } of tellings) {
    place += operations.length;
    const result = results[place];
    // What was counted is another hour's by now; the next answer is this one's.
    if (typeof result !== "object" || !("spent" in result) || hourKey(receipt.at) !== hourKey(now)) continue;
    const [hour = 0, day = 0] = result.spent;
    standing.spending.learn({ hour: hour / 1e9, day: day / 1e9 }, gateways, now);
  }
}
