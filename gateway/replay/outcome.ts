import type { BillRead } from "./simulation/bill.ts";
import type { LaneCounts, Recorder } from "./simulation/recorder.ts";

/** What a run came to. Requests that came while it warmed up are left out, and so is what was paid for that time. */
export type Outcome = {
  readonly requests: number;
  readonly answered: number;
  /** Without any answer: every try failed, nobody could be asked, or the time was up. */
  readonly failed: number;
  /** Of these, those that nobody could even be asked for. */
  readonly refused: number;
  /** Late or failed. */
  readonly misses: number;
  /** The share of requests that were answered in time. */
  readonly attainment: number;
  readonly latencyMs: Latencies;
  readonly usd: Money & { readonly egress: number };
  readonly usdPerMillion: Money;
  /** Dollars in all, and what the misses cost. */
  readonly cost: number;
  readonly costPerMillion: number;
  readonly triesPerRequest: number;
  readonly hedges: number;
  readonly retries: number;
  readonly wakes: number;
  /** Microseconds that a choice took, where a clock was given. */
  readonly chooseUs?: number;
  readonly backends: readonly BackendOutcome[];
};

/** A request without an answer counts as one that took all the time there was. */
export type Latencies = {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly most: number;
};

/** `variable` is without what is paid whether anybody asks or not. */
export type Money = { readonly total: number; readonly variable: number };

export type BackendOutcome = Omit<LaneCounts, "predictedMs" | "tookMs"> & {
  readonly name: string;
  /** Of all answers, those from here. */
  readonly share: number;
  readonly instancesStarted: number;
  /** Seconds of instances that were paid for. */
  readonly paidSeconds: number;
  readonly usd: number;
  readonly variableUsd: number;
  /** Means over its answers. */
  readonly predictedMs: number;
  readonly tookMs: number;
};

export type OutcomeOf = {
  readonly recorder: Recorder;
  readonly sloMs: number;
  readonly usdPerMiss: number;
  readonly timeoutMs: number;
  readonly backends: readonly { readonly name: string; readonly bill: BillRead; readonly started: number }[];
  readonly chooseUs: number | undefined;
};

export function outcomeOf(of: OutcomeOf): Outcome {
  const { recorder, sloMs, usdPerMiss, timeoutMs, chooseUs } = of;
  const sorted = recorder.latencyMs.slice(recorder.from).sort();
  const requests = sorted.length;
  const answered = countUpTo(sorted, Number.MAX_VALUE);
  const misses = requests - countUpTo(sorted, sloMs);
  const bills = of.backends.map(({ bill }) => bill);
  const usd = {
    total: sum(bills, ({ usd }) => usd),
    variable: sum(bills, ({ variableUsd }) => variableUsd),
    egress: sum(bills, ({ egressUsd }) => egressUsd),
  };
  const cost = usd.total + usdPerMiss * misses;
  const perMillion = requests === 0 ? 0 : 1e6 / requests;
  return {
    ...{ requests, answered, failed: requests - answered, refused: recorder.noLane, misses },
    attainment: requests === 0 ? 1 : 1 - misses / requests,
    latencyMs: latenciesOf(sorted, timeoutMs),
    ...{ usd, cost, costPerMillion: cost * perMillion },
    usdPerMillion: { total: usd.total * perMillion, variable: usd.variable * perMillion },
    ...countsOf(recorder, requests),
    ...(chooseUs !== undefined && { chooseUs }),
    backends: of.backends.map((backend, place) => backendOutcome(backend, recorder.lanes[place], answered)),
  };
}

/** The value below which this share of an ascending list lies: the smallest that at least so many do not exceed. */
export function quantileOf(ascending: Float64Array, share: number): number {
  const place = Math.ceil(share * ascending.length) - 1;
  return ascending[Math.max(0, place)] ?? 0;
}

function latenciesOf(sorted: Float64Array, timeoutMs: number): Latencies {
  const capped = (ms: number): number => Math.min(ms, timeoutMs);
  let total = 0;
  for (const ms of sorted) total += capped(ms);
  return {
    mean: sorted.length === 0 ? 0 : total / sorted.length,
    p50: capped(quantileOf(sorted, 0.5)),
    p95: capped(quantileOf(sorted, 0.95)),
    p99: capped(quantileOf(sorted, 0.99)),
    p999: capped(quantileOf(sorted, 0.999)),
    most: capped(quantileOf(sorted, 1)),
  };
}

function countUpTo(ascending: Float64Array, most: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) <= most) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countsOf({ lanes }: Recorder, requests: number) {
  const first = sum(lanes, (lane) => lane.first);
  const hedges = sum(lanes, (lane) => lane.hedges);
  const retries = sum(lanes, (lane) => lane.retries);
  const wakes = sum(lanes, (lane) => lane.wakes);
  const triesPerRequest = requests === 0 ? 0 : (first + hedges + retries) / requests;
  return { triesPerRequest, hedges, retries, wakes };
}

function backendOutcome(
  { name, bill, started }: OutcomeOf["backends"][number],
  counts: LaneCounts | undefined,
  allAnswered: number,
): BackendOutcome {
  if (!counts) throw new RangeError(`nothing was counted for ${name}`);
  const { predictedMs, tookMs, ...rest } = counts;
  const each = counts.answered === 0 ? 0 : 1 / counts.answered;
  return {
    name,
    share: allAnswered === 0 ? 0 : counts.answered / allAnswered,
    ...rest,
    ...{ instancesStarted: started, paidSeconds: bill.paidSeconds },
    ...{ usd: bill.usd, variableUsd: bill.variableUsd },
    ...{ predictedMs: predictedMs * each, tookMs: tookMs * each },
  };
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
