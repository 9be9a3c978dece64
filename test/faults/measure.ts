import type { Arrival } from "#test/support/programmable-backend/launch.ts";
import { type Expectation, type Row, sloMs } from "./fault-row.ts";
import type { Sample } from "./open-loop.ts";

/** Everything that was seen of one row; arrivals are by place. */
export type Seen = {
  readonly samples: readonly Sample[];
  readonly arrivals: readonly (readonly Arrival[])[];
  /** Places of those that it happened to. */
  readonly hit: readonly number[];
  readonly beganMs: number;
  /** The fault ends from here, */
  readonly endsMs: number;
  /** to here: a process needs a while to start. */
  readonly endedMs: number;
};

/** A row's figures, as the expectation names them. */
export type Measured = {
  readonly requests: number;
  /** Of the images before the fault, the part that went to whom it happens. */
  readonly shareBefore: number;
  /** How many had each status, from the beginning of the fault on; 0 is no answer at all. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly codes: Readonly<Record<string, number>>;
  /** Refusals to be tried again that did not say when. */
  readonly untold: number;
  readonly answered: number;
  readonly inTime: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Before the fault: what the machine and the usual backends put in. */
  readonly p99BeforeMs: number;
  readonly mostMs: number;
  readonly tries: number;
  readonly load: number;
  /** From the end of the fault to the last request that was not answered. */
  readonly recoveredMs: number;
  /** Of those that came after that, the share that was answered before the promised time was over. */
  readonly inTimeAfter: number;
  /** Null where it was not. */
  readonly usedAgainMs: number | null;
  /** For how long after the fault requests were sent. */
  readonly watchedMs: number;
  /** Of what was due before the fault, how many were not answered in time. */
  readonly unwellBefore: number;
  /** How late the client itself was at most. */
  readonly clientLateMs: number;
};

export function measure({ samples, arrivals, hit, beganMs, endsMs, endedMs }: Seen): Measured {
  const since = samples.filter(({ dueMs }) => dueMs >= beganMs);
  const during = since.filter(({ dueMs }) => dueMs < endsMs);
  // Who was still waiting when the fault began has a part in it.
  const before = samples.filter(({ dueMs, latencyMs }) => dueMs + latencyMs < beganMs);
  const latencies = latenciesOf(during);
  const after = since.filter(({ dueMs }) => dueMs >= endedMs);
  const bad = after.filter(({ status }) => status !== 200);
  const recoveredMs = Math.max(0, ...bad.map(({ dueMs }) => dueMs - endedMs));
  const healed = after.filter(({ dueMs }) => dueMs > endedMs + recoveredMs);
  const tries = [...Map.groupBy(arrivals.flat(), ({ trace }) => trace).values()].map(({ length }) => length);
  const faulty = hit.map((place) => arrivals[place] ?? []);
  const dueAfter = new Set(samples.filter(({ dueMs }) => dueMs >= endedMs).map(({ trace }) => trace));
  const usedAgain = faulty.flat().filter(({ trace }) => dueAfter.has(trace));
  const arrivedBefore = (of: Seen["arrivals"]) => of.flat().filter(({ atMs }) => atMs < beganMs).length;
  const shareOf = (some: readonly Sample[]) => rounded(some.length / Math.max(1, during.length), 4);
  return {
    requests: during.length,
    shareBefore: rounded(arrivedBefore(faulty) / Math.max(1, arrivedBefore(arrivals)), 2),
    statuses: counts(since.map(({ status }) => `${status}`)),
    codes: counts(since.flatMap(({ code }) => code ?? [])),
    untold: since.filter(({ status, hasRetryAfter }) => status === 503 && !hasRetryAfter).length,
    answered: shareOf(during.filter(({ status }) => status === 200)),
    inTime: shareOf(during.filter(isWell)),
    p50Ms: rounded(quantile(latencies, 0.5)),
    p99Ms: rounded(quantile(latencies, 0.99)),
    p99BeforeMs: rounded(quantile(latenciesOf(before), 0.99)),
    mostMs: rounded(latencies.at(-1) ?? 0),
    tries: Math.max(0, ...tries),
    load: rounded(arrivals.flat().length / Math.max(1, samples.length), 3),
    recoveredMs: rounded(recoveredMs),
    inTimeAfter: rounded(healed.filter(isWell).length / Math.max(1, healed.length), 4),
    usedAgainMs:
      usedAgain.length === 0 ? null : rounded(Math.min(...usedAgain.map(({ atMs }) => atMs)) - endedMs),
    watchedMs: rounded((samples.at(-1)?.dueMs ?? endedMs) - endedMs),
    unwellBefore: before.filter((sample) => !isWell(sample)).length,
    clientLateMs: rounded(Math.max(0, ...samples.map(({ lateMs }) => lateMs))),
  };
}

/** What follows is well again but for the machine's own bad moments. */
const leastAfter = 0.97;

/** A fault that met hardly anybody shows nothing. */
const leastShare = 0.25;

/** What a row did not hold, one sentence each. */
export function judge({ whom, fault, expectation: wanted }: Row, seen: Measured): readonly string[] {
  const others = Object.keys(seen.statuses).filter((status) => !wanted.statuses.includes(Number(status)));
  const over = (name: "p99Ms" | "tries" | "load" | "recoveredMs"): readonly string[] => {
    const most = wanted[name] + (name === "p99Ms" ? seen.p99BeforeMs : 0);
    return seen[name] > most ? [`${name} was ${seen[name]}, expected ${most} at most`] : [];
  };
  const least = { ...wanted, inTimeAfter: seen.watchedMs > 0 ? leastAfter : 0 };
  const under = (name: "answered" | "inTime" | "inTimeAfter"): readonly string[] =>
    seen[name] < least[name] ? [`${name} was ${seen[name]}, expected ${least[name]} at least`] : [];
  const isMet = whom === "nobody" || fault.kind === "comes" || seen.shareBefore >= leastShare;
  return [
    ...(isMet ? [] : [`only ${seen.shareBefore} of the images went there before it happened`]),
    ...others.map((status) => `${seen.statuses[status]} had status ${status}`),
    ...(seen.untold === 0 ? [] : [`${seen.untold} with status 503 were not told when to come again`]),
    ...(["answered", "inTime", "inTimeAfter"] as const).flatMap(under),
    ...(["p99Ms", "tries", "load", "recoveredMs"] as const).flatMap(over),
    ...(whom === "nobody" ? [] : usedTooLate(wanted, seen)),
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
