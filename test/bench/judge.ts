import type { Measure, Measured } from "./bench.ts";
import type { Samples } from "./interleave.ts";

/** One line of the table and of the results file. */
export type Row = {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly better: "lower" | "higher";
  readonly ours: number;
  readonly against: string;
  readonly theirs: number | null;
  readonly ratio: number | null;
  /** First and third quartile of what is judged: the ratio, or `ours` where there is no peer. */
  readonly spread: readonly [number, number];
  readonly floor: number | null;
  readonly aim: number | null;
  readonly rounds: number;
  readonly ok: boolean;
  readonly note?: string;
};

/**
 * Turns the rounds into a row. The spread is the quartiles, not the extremes: extremes only grow apart with more rounds,
 * so one lucky round would excuse every miss. A floor is missed when the whole spread lies beyond it, that is when about
 * three rounds in four say so; a figure that straddles its floor is noise and passes.
 */
export function judge({ ours, theirs, ...measure }: Measured): Row {
  const judged = theirs ? ratios(ours, theirs, measure) : finite(ours, measure);
  const spread = [quantile(judged, 0.25), quantile(judged, 0.75)] as const;
  return {
    case: measure.case,
    metric: measure.metric,
    unit: measure.unit,
    better: measure.better,
    ours: round(quantile(ours, 0.5)),
    against: measure.against,
    theirs: theirs ? round(quantile(theirs, 0.5)) : null,
    ratio: theirs ? round(quantile(judged, 0.5)) : null,
    spread: [round(spread[0]), round(spread[1])],
    floor: measure.floor ?? null,
    aim: measure.aim ?? null,
    rounds: judged.length,
    ok: holds(spread, measure),
    ...(measure.note === undefined ? {} : { note: measure.note }),
  };
}

/** The value below which the fraction `at` of the samples lies, on the straight line between neighbours. */
export function quantile(samples: Samples, at: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * at;
  const low = sorted[Math.floor(place)] ?? Number.NaN;
  const high = sorted[Math.ceil(place)] ?? Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

function holds([low, high]: readonly [number, number], { better, floor }: Measure): boolean {
  if (floor === undefined) return true;
  return better === "lower" ? low <= floor : high >= floor;
}

function ratios(ours: Samples, theirs: Samples, measure: Measure): Samples {
  if (ours.length !== theirs.length) {
    throw new RangeError(`${title(measure)} has ${ours.length} rounds of ours, ${theirs.length} of theirs`);
  }
  return finite(
    ours.map((figure, index) => figure / (theirs[index] ?? Number.NaN)),
    measure,
  );
}

function finite(samples: Samples, measure: Measure): Samples {
  if (samples.length === 0) throw new RangeError(`${title(measure)} was never measured`);
  const broken = samples.find((sample) => !Number.isFinite(sample));
  if (broken !== undefined) throw new RangeError(`${title(measure)} measured ${broken}`);
  return samples;
}

function title(measure: Measure): string {
  return `${measure.case}, ${measure.metric}`;
}

/** Four digits that mean something, whatever the size. */
function round(figure: number): number {
  return Number(figure.toPrecision(4));
}
