import type { Arrival } from "#test/support/programmable-backend/launch.ts";
import { type Expectation, type Row, sloMs } from "./fault-row.ts";
import type { Sample } from "./open-loop.ts";

/** Everything that was seen of one row; the first arrivals are of the first backend. */
export type Seen = {
  readonly samples: readonly Sample[];
  readonly arrivals: readonly (readonly Arrival[])[];
  readonly beganMs: number;
  readonly endedMs: number;
};

/** A row's figures, as the expectation names them. */
export type Measured = {
  readonly requests: number;
  /** How many had each status, from the beginning of the fault on; 0 is no answer at all. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly codes: Readonly<Record<string, number>>;
  readonly answered: number;
  readonly inTime: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Before the fault: what the machine and the usual backends put in. */
  readonly p99BeforeMs: number;
  readonly mostMs: number;
  readonly tries: number;
  readonly load: number;
  readonly recoveredMs: number;
  /** Null where it was not. */
  readonly usedAgainMs: number | null;
  /** For how long after the fault requests were sent. */
  readonly watchedMs: number;
  /** Of what was due before the fault, how many were not answered in time. */
  readonly unwellBefore: number;
  /** How late the client itself was at most. */
  readonly clientLateMs: number;
};

export function measure({ whom }: Row, { samples, arrivals, beganMs, endedMs }: Seen): Measured {
  const since = samples.filter(({ dueMs }) => dueMs >= beganMs);
  const during = since.filter(({ dueMs }) => dueMs < endedMs);
  // Who was still waiting when the fault began has a part in it.
  const before = samples.filter(({ dueMs, latencyMs }) => dueMs + latencyMs < beganMs);
  const latencies = latenciesOf(during);
  const bad = since.filter((sample) => sample.dueMs >= endedMs && !isWell(sample));
  const tries = [...Map.groupBy(arrivals.flat(), ({ trace }) => trace).values()].map(({ length }) => length);
  const faulty = whom === "all" ? arrivals : whom.map((place) => arrivals[place] ?? []);
  const dueAfter = new Set(samples.filter(({ dueMs }) => dueMs >= endedMs).map(({ trace }) => trace));
  const usedAgain = faulty.flat().filter(({ trace }) => dueAfter.has(trace));
  const shareOf = (some: readonly Sample[]) => rounded(some.length / Math.max(1, during.length), 4);
  return {
    requests: during.length,
    statuses: counts(since.map(({ status }) => `${status}`)),
    codes: counts(since.flatMap(({ code }) => code ?? [])),
    answered: shareOf(during.filter(({ status }) => status === 200)),
    inTime: shareOf(during.filter(isWell)),
    p50Ms: rounded(quantile(latencies, 0.5)),
    p99Ms: rounded(quantile(latencies, 0.99)),
    p99BeforeMs: rounded(quantile(latenciesOf(before), 0.99)),
    mostMs: rounded(latencies.at(-1) ?? 0),
    tries: Math.max(0, ...tries),
    load: rounded(arrivals.flat().length / Math.max(1, samples.length), 3),
    recoveredMs: rounded(Math.max(0, ...bad.map(({ dueMs }) => dueMs - endedMs))),
    usedAgainMs:
      usedAgain.length === 0 ? null : rounded(Math.min(...usedAgain.map(({ atMs }) => atMs)) - endedMs),
    watchedMs: rounded((samples.at(-1)?.dueMs ?? endedMs) - endedMs),
    unwellBefore: before.filter((sample) => !isWell(sample)).length,
    clientLateMs: rounded(Math.max(0, ...samples.map(({ lateMs }) => lateMs))),
  };
}

/** What a row did not hold, one sentence each. */
export function judge({ whom, expectation: wanted }: Row, seen: Measured): readonly string[] {
  const others = Object.keys(seen.statuses).filter((status) => !wanted.statuses.includes(Number(status)));
  const over = (name: "p99Ms" | "tries" | "load" | "recoveredMs"): readonly string[] => {
    const most = wanted[name] + (name === "p99Ms" ? seen.p99BeforeMs : 0);
    return seen[name] > most ? [`${name} was ${seen[name]}, expected ${most} at most`] : [];
  };
  const under = (name: "answered" | "inTime"): readonly string[] =>
    seen[name] < wanted[name] ? [`${name} was ${seen[name]}, expected ${wanted[name]} at least`] : [];
  return [
    ...others.map((status) => `${seen.statuses[status]} had status ${status}`),
    ...(["answered", "inTime"] as const).flatMap(under),
    ...(["p99Ms", "tries", "load", "recoveredMs"] as const).flatMap(over),
    ...(whom.length === 0 ? [] : usedTooLate(wanted, seen)),
  ];
}

/** Who was not watched for so long may still be used again in time. */
function usedTooLate({ usedAgainMs: wanted }: Expectation, seen: Measured): readonly string[] {
  const { usedAgainMs, watchedMs } = seen;
  if (wanted === undefined || (usedAgainMs ?? watchedMs) <= wanted) return [];
  const when = usedAgainMs === null ? "was not used again" : `was used again after ${usedAgainMs} ms`;
  return [`the backend ${when}, expected ${wanted} at most`];
}

function latenciesOf(samples: readonly Sample[]): readonly number[] {
  return samples.map(({ latencyMs }) => latencyMs).toSorted((one, other) => one - other);
}

function isWell({ status, latencyMs }: Sample): boolean {
  return status === 200 && latencyMs <= sloMs;
}

function counts(words: readonly string[]): Readonly<Record<string, number>> {
  const groups = Map.groupBy(words, (word) => word);
  return Object.fromEntries([...groups].toSorted().map(([word, { length }]) => [word, length]));
}

/** The value that so many are not above: of few values the largest, which is the honest side. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

function rounded(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}
