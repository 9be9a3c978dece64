import type { Answered } from "../answer/running-model.ts";
import { type History, joined, type Stretch, stretchOf } from "./history.ts";

export type HealthAsk = {
  /** What the release before answered; without anything only failures speak. */
  readonly before: readonly Stretch[];
  /** What the release on probation answered, as far as this process has seen it. */
  readonly since: History;
  /** All images since the switch, also of processes before this one. */
  readonly images: number;
  readonly ageMs: number;
};

export type HealthVerdict =
  | { readonly kind: "watching" }
  | { readonly kind: "held" }
  | { readonly kind: "fallen"; readonly detail: string };

/** So many images, or so long with some, and a release has held. */
export const probationImages = 200;
export const probationMs = 15 * 60_000;
const fewImages = 25;
/** Where nothing happens the golden images must do: after so long it has held, however few came. */
export const quietMs = 24 * 3_600_000;

/**
 * Whether a release does live what the one before it did: "it used to work". Scenes change by themselves, so what counts
 * is not how things are on average but whether they are worse than they ever were before, and by far.
 */
export function judgeHealth(ask: HealthAsk): HealthVerdict {
  const detail = failures(ask) ?? decline(ask);
  if (detail !== undefined) return { kind: "fallen", detail };
  const { images, ageMs } = ask;
  const isSeen = images >= probationImages || (ageMs >= probationMs && images >= fewImages);
  return { kind: isSeen || ageMs >= quietMs ? "held" : "watching" };
}

const fewestFailures = 5;
const usualFailures = 0.1;

/** Looked at with each image, since nobody needs many to know. */
function failures({ before, since }: HealthAsk): string | undefined {
  const last = since.stretches.at(-1);
  const open: readonly Answered[] = since.open;
  const now = stretchOf(open);
  const { images, failed } = last ? joined(last, now) : now;
  const known = before.reduce((sum, stretch) => sum + stretch.images, 0);
  const failedBefore = before.reduce((sum, stretch) => sum + stretch.failed, 0);
  const usual = usualFailures + 2 * (failedBefore / Math.max(1, known));
  if (failed < fewestFailures || failed <= usual * images) return undefined;
  return `${failed} of its last ${images} images failed`;
}

/** The last two stretches against every two neighbours of the time before. */
function decline({ before, since }: HealthAsk): string | undefined {
  const [first, last] = since.stretches.slice(-2);
  const windows = neighbours(before);
  if (!first || !last || windows.length === 0) return undefined;
  const now = joined(first, last);
  return lessSure(now, windows) ?? blind(now, windows) ?? flooded(now, windows) ?? slower(now, windows);
}

function neighbours(stretches: readonly Stretch[]): readonly Stretch[] {
  return stretches.slice(1).map((stretch, index) => joined(stretches[index] ?? stretch, stretch));
}

const fewestScored = 10;
/** What lighting and distance may do to a mean score lies below this. */
const scoreMargin = 0.15;

function lessSure(now: Stretch, windows: readonly Stretch[]): string | undefined {
  const scores = windows.flatMap(({ meanScore, scored }) =>
    meanScore === undefined || scored < fewestScored ? [] : [meanScore],
  );
  if (now.meanScore === undefined || now.scored < fewestScored || scores.length === 0) return undefined;
  const lowest = Math.min(...scores);
  if (now.meanScore >= lowest - scoreMargin) return undefined;
  return `its mean score is ${now.meanScore.toFixed(2)}, and never was below ${lowest.toFixed(2)} before`;
}

/** A place that was never empty has next to nothing in it now. */
const emptyShare = 0.15;
const seldomEmpty = 0.5;

function blind(now: Stretch, windows: readonly Stretch[]): string | undefined {
  const fewest = Math.min(...windows.map(({ detectionsPerImage }) => detectionsPerImage));
  if (fewest < seldomEmpty || now.detectionsPerImage >= emptyShare * fewest) return undefined;
  return `it finds ${now.detectionsPerImage.toFixed(2)} things in an image, and never less than ${fewest.toFixed(2)} were found before`;
}

const floodFactor = 5;
const floodLeast = 10;

function flooded(now: Stretch, windows: readonly Stretch[]): string | undefined {
  const most = Math.max(...windows.map(({ detectionsPerImage }) => detectionsPerImage));
  if (now.detectionsPerImage <= floodFactor * most + floodLeast) return undefined;
  return `it finds ${now.detectionsPerImage.toFixed(1)} things in an image, and never more than ${most.toFixed(1)} were found before`;
}

const slowFactor = 2;
const slowLeastMs = 10;

function slower(now: Stretch, windows: readonly Stretch[]): string | undefined {
  const times = windows.flatMap(({ ms }) => (ms === undefined ? [] : [ms]));
  if (now.ms === undefined || times.length === 0) return undefined;
  const slowest = Math.max(...times);
  if (now.ms <= slowFactor * slowest + slowLeastMs) return undefined;
  return `an image takes it ${now.ms.toFixed(0)} ms, and never took more than ${slowest.toFixed(0)} ms before`;
}
