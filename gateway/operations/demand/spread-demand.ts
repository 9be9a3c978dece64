import { hourMs } from "../../ledger/ledger-store.ts";

/** Requests of a model in an hour, as the ledger has them or as they were counted by the minute. */
export type HourSum = { readonly hour: number; readonly model: string; readonly requests: number };

export type MinuteCount = { readonly minute: number; readonly model: string; readonly requests: number };

export type Growth = {
  readonly ledger: readonly HourSum[];
  readonly counted: readonly HourSum[];
  /** When was last looked; undefined: never. */
  readonly lookedAt: number | undefined;
  readonly now: number;
};

export const minuteMs = 60_000;

/**
 * What came since the last look, by the minute: the sums of hours only grow, so what they grew by came between the two
 * looks. Of a longer time without a look nobody knows when in it; it is spread evenly.
 */
export function spreadDemand({ ledger, counted, lookedAt, now }: Growth): readonly MinuteCount[] {
  const before = new Map(counted.map((sum) => [keyOf(sum), sum.requests]));
  return ledger.flatMap((sum) => {
    const { hour, model } = sum;
    const grown = sum.requests - (before.get(keyOf(sum)) ?? 0);
    if (!(grown > 0)) return [];
    const last = Math.min(minuteOf(now), hour + hourMs - minuteMs);
    const first = Math.min(last, Math.max(hour, minuteOf(lookedAt ?? hour)));
    const minutes = Math.round((last - first) / minuteMs) + 1;
    return Array.from({ length: minutes }, (_, place) => {
      return { minute: first + place * minuteMs, model, requests: grown / minutes };
    });
  });
}

export function minuteOf(at: number): number {
  return at - (at % minuteMs);
}

function keyOf({ hour, model }: HourSum): string {
  return `${hour} ${model}`;
}
