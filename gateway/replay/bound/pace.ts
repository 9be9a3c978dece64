import type { Law, ServiceTerms, Variation } from "../simulation/simulated-fleet.ts";

/** How fast one instance can be at best: nobody is faster, whatever comes when. */
export type Pace = {
  /** The mean time of an instance that one answer takes at least, among as many as go together. */
  readonly msEach: number;
  /** From the first byte out to the last byte in, at least. */
  readonly leastMs: number;
};

/** A draw that is shorter than this many deviations below the middle is one in 30,000. */
const deviations = 4;

/**
 * A time's mean counts where work is summed up, since who doesn't know the noise can't choose it; outliers are left
 * out, since their work might be broken off. Where one answer has to be in time, a lucky draw counts.
 */
export function paceOf({ law, variation, network, perInstance }: ServiceTerms, bytes: number): Pace {
  const drift = leastDrift(variation);
  const luck = Math.exp(-deviations * variation.noise - (variation.noise * variation.noise) / 2);
  const way = network.rttMs * Math.exp(-deviations * network.jitter) + bytes / network.bytesPerMs;
  const eachMs = leastEachMs(law, perInstance);
  return { msEach: eachMs * drift, leastMs: timeOf(law, 1, "least") * luck * drift + way };
}

function leastDrift({ drift }: Variation): number {
  if (!drift) return 1;
  return drift.kind === "sine" ? Math.max(0, 1 - drift.share) : Math.exp(-3 * drift.deviation);
}

function leastEachMs(law: Law, perInstance: number): number {
  if (law.kind === "parallel") return law.ms / Math.min(law.workers, perInstance);
  const most = law.kind === "batching" ? Math.min(law.maxBatch, perInstance) : perInstance;
  let least = Number.POSITIVE_INFINITY;
  for (let count = 1; count <= Math.min(most, 1_024); count += 1)
    least = Math.min(least, timeOf(law, count, "mean") / count);
  return least;
}

/** What so many take together, or one as the last of so many. */
export function timeOf(law: Law, count: number, which: "mean" | "least"): number {
  switch (law.kind) {
    case "batching":
      return law.baseMs + law.perItemMs * count;
    case "parallel":
      return law.ms;
    case "linear":
      return law.baseMs + law.perInFlightMs * (count - 1);
    case "samples":
      return sampled(law, count, which);
  }
}

/** On the line between the levels on both sides; beyond the last in proportion, as the simulation has it. */
function sampled({ levels }: Extract<Law, { kind: "samples" }>, count: number, which: "mean" | "least") {
  let [below, above] = [levels[0], levels[0]];
  for (const level of levels) {
    above = level;
    if (level.concurrency >= count) break;
    below = level;
  }
  if (!below || !above) return 0;
  const [low, high] = [summary(below.ms, which), summary(above.ms, which)];
  if (count > above.concurrency) return (high * count) / above.concurrency;
  if (below === above || count <= below.concurrency) return low;
  return low + ((high - low) * (count - below.concurrency)) / (above.concurrency - below.concurrency);
}

function summary(ms: readonly number[], which: "mean" | "least"): number {
  if (which === "least") return ms[0] ?? 0;
  let sum = 0;
  for (const one of ms) sum += one;
  return sum / Math.max(1, ms.length);
}
