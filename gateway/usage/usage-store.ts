/** What was used, in whole units. */
export type UsageCounts = {
  readonly requests: number;
  /** Answered, as the monthly bound counts them. */
  readonly images: number;
  /** How many of the images came out of the cache. */
  readonly cached: number;
  /** Images without an answer; they are none of `images`. */
  readonly failed: number;
  readonly nanoUsd: number;
};

/** What one key used of one model in one hour. */
export type UsageRow = UsageCounts & {
  readonly tenant: string;
  readonly keyId: string;
  readonly model: string;
  /** Its first millisecond. */
  readonly hour: number;
};

/** Written whole or not at all, and once, however often it is tried with the same id. */
export type UsageBatch = { readonly id: string; readonly rows: readonly UsageRow[] };

export type MonthSum = { readonly tenant: string; readonly images: number; readonly nanoUsd: number };

export type UsageReport = {
  readonly total: UsageCounts;
  readonly models: readonly (UsageCounts & { readonly name: string })[];
  readonly days: readonly (UsageCounts & { readonly date: string })[];
};

export type Reading = { readonly signal: AbortSignal };

/** Where usage is kept; months are written as `2026-11` and are those of UTC. */
export type UsageStore = {
  readonly write: (batch: UsageBatch, options: Reading) => Promise<void>;
  /** Every tenant of the month, or those with something new within the last minute. */
  readonly months: (
    month: string,
    options: Reading & { readonly which: "all" | "recent" },
  ) => Promise<readonly MonthSum[]>;
  readonly report: (
    ask: { readonly tenant: string; readonly month: string },
    options: Reading,
  ) => Promise<UsageReport>;
};

export const hourMs = 3_600_000;

export const noUsage: UsageCounts = { requests: 0, images: 0, cached: 0, failed: 0, nanoUsd: 0 };

export function addUsage(one: UsageCounts, other: UsageCounts): UsageCounts {
  return {
    requests: one.requests + other.requests,
    images: one.images + other.images,
    cached: one.cached + other.cached,
    failed: one.failed + other.failed,
    nanoUsd: one.nanoUsd + other.nanoUsd,
  };
}
