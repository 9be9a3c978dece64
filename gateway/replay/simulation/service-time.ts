import type { Seeded } from "../seeded.ts";
import type { Drift, Law, MeasuredLevel, Variation } from "./simulated-fleet.ts";

/** Milliseconds that so many requests take together, or that one takes as the last of so many. */
export type ServiceTime = (count: number, now: number) => number;

export function createServiceTime(law: Law, variation: Variation, seeded: Seeded): ServiceTime {
  const exact = exactTime(law, seeded);
  const vary = createVariation(variation, seeded);
  return (count, now) => exact(count) * vary(now);
}

/** A factor of mean 1 whose logarithm deviates by so much. */
export function lognormal(deviation: number, seeded: Seeded): number {
  return deviation === 0 ? 1 : Math.exp(deviation * seeded.normal() - (deviation * deviation) / 2);
}

function exactTime(law: Law, seeded: Seeded): (count: number) => number {
  switch (law.kind) {
    case "batching":
      return (count) => law.baseMs + law.perItemMs * count;
    case "parallel":
      return () => law.ms;
    case "linear":
      return (count) => law.baseMs + law.perInFlightMs * (count - 1);
    case "samples":
      return (count) => sampleAt(law.levels, count, seeded.number());
  }
}

/** The same quantile of the levels on both sides; beyond the last one time grows with the count, as it does where all is busy. */
function sampleAt(levels: readonly MeasuredLevel[], count: number, quantile: number): number {
  let [below, above] = [levels[0], levels[0]];
  for (const level of levels) {
    above = level;
    if (level.concurrency >= count) break;
    below = level;
  }
  if (!below || !above) return 0;
  const [low, high] = [quantileOf(below.ms, quantile), quantileOf(above.ms, quantile)];
  if (count > above.concurrency) return (high * count) / above.concurrency;
  if (below === above || count <= below.concurrency) return low;
  return low + ((high - low) * (count - below.concurrency)) / (above.concurrency - below.concurrency);
}

function quantileOf(ascending: readonly number[], quantile: number): number {
  const exact = quantile * (ascending.length - 1);
  const place = Math.floor(exact);
  const here = ascending[place] ?? 0;
  return here + ((ascending[place + 1] ?? here) - here) * (exact - place);
}

function createVariation({ noise, outliers, drift }: Variation, seeded: Seeded): (now: number) => number {
  const level = drift ? createDrift(drift, seeded.fork("drift")) : undefined;
  return (now) => {
    let factor = lognormal(noise, seeded);
    if (outliers && seeded.number() < outliers.share) factor *= outliers.factor;
    return level ? factor * level(now) : factor;
  };
}

function createDrift(drift: Drift, seeded: Seeded): (now: number) => number {
  if (drift.kind === "sine") {
    const phase = seeded.number();
    return (now) => 1 + drift.share * Math.sin(2 * Math.PI * (now / drift.periodMs + phase));
  }
  return createWalk(drift, seeded);
}

/** Looked at once a second; a gap of any length takes one step, which is exact for this walk. */
function createWalk(
  { backMs, deviation }: Extract<Drift, { kind: "walk" }>,
  seeded: Seeded,
): (now: number) => number {
  let [second, log] = [0, deviation * seeded.normal()];
  return (now) => {
    const current = Math.floor(now / 1_000);
    if (current > second) {
      const keep = Math.exp(((second - current) * 1_000) / backMs);
      log = log * keep + deviation * Math.sqrt(1 - keep * keep) * seeded.normal();
      second = current;
    }
    return Math.exp(log);
  };
}
