import type { Measured } from "../bench.ts";
import { quantile } from "../judge.ts";
import type { Compared, Contender } from "./compare.ts";

/** What everybody must keep to be held against ours at all. */
export const attain = 0.995;

/** Ours is to cost so much of what they cost at most. */
const mostOfFixed = 0.8;
const mostOfHpa = 0.85;

/** Dollars against each peer at its best, and what ours kept. */
export function rowsOf(compared: Compared): readonly Measured[] {
  const ours = theOne(compared, "ours");
  const best = (kind: Contender["kind"], alone: boolean) =>
    bestOf(compared.contenders.filter((one) => one.kind === kind && one.alone === alone));
  return [
    inTime(compared, ours),
    ...[false, true].flatMap((alone) => [
      dollars(compared, best("fixed", alone), mostOfFixed),
      dollars(compared, best("hpa", alone), mostOfHpa),
    ]),
    dollars(compared, theOne(compared, "oracle"), undefined),
  ];
}

/** The cheapest of those that keep the promise; where nobody does, whoever keeps most of it. */
export function bestOf(contenders: readonly Contender[]): Contender {
  const keeping = contenders.filter((one) => mean(attainments(one)) >= attain);
  const [first, ...others] = keeping.length > 0 ? keeping : contenders;
  if (!first) throw new RangeError("nobody ran");
  const isBetter = (one: Contender, other: Contender): boolean =>
    keeping.length > 0
      ? middle(spent(one)) < middle(spent(other))
      : mean(attainments(one)) > mean(attainments(other));
  return others.reduce((best, one) => (isBetter(one, best) ? one : best), first);
}

function theOne({ contenders }: Compared, kind: Contender["kind"]): Contender {
  const found = contenders.find((one) => one.kind === kind);
  if (!found) throw new RangeError(`${kind} never ran`);
  return found;
}

function inTime({ load }: Compared, ours: Contender): Measured {
  return {
    ...{ case: load.name, metric: "in time", unit: "%", better: "higher", against: "limit" },
    ours: attainments(ours).map((share) => share * 100),
    floor: attain * 100,
    note: load.note,
  };
}

function dollars(compared: Compared, peer: Contender, floor: number | undefined): Measured {
  const { load, fixed } = compared;
  const ours = theOne(compared, "ours");
  const kept = `${percent(mean(attainments(peer)))} in time, ours ${percent(mean(attainments(ours)))}`;
  const sized = `${fixed.count} instances carry the p99 minute's ${digits(fixed.rps)} a second`;
  return {
    ...{ case: load.name, metric: `dollars, ${peer.kind}${peer.alone ? " alone" : ""}`, unit: "$/h" },
    ...{ better: "lower", against: peer.name, ours: spent(ours), theirs: spent(peer) },
    ...(floor !== undefined && { floor }),
    note: peer.kind === "fixed" ? `${kept}; ${sized}` : kept,
  };
}

export function spent({ figures }: Contender): readonly number[] {
  return figures.map(({ usdPerHour }) => usdPerHour);
}

export function attainments({ figures }: Contender): readonly number[] {
  return figures.map(({ attainment }) => attainment);
}

export function mean(samples: readonly number[]): number {
  return samples.reduce((sum, one) => sum + one, 0) / Math.max(1, samples.length);
}

export function middle(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}

export function digits(figure: number): string {
  return String(Number(figure.toPrecision(4)));
}
