import type { Answered } from "../answer/running-model.ts";
import { type Baseline, fewestScored } from "./baseline.ts";
import type { History } from "./history.ts";
import { joined, type Stretch, stretchOf } from "./stretch.ts";

export type HealthAsk = {
  /** What the release before was like; where that is not known only failures speak. */
  readonly before: Baseline | null;
  /** What the release on probation answered. */
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
  const usual = usualFailures + 2 * ((before?.failed ?? 0) / Math.max(1, before?.images ?? 0));
  if (failed < fewestFailures || failed <= usual * images) return undefined;
  return `${failed} of its last ${images} images failed`;
}

/** The last two stretches against the worst two neighbours of the time before. */
function decline({ before, since }: HealthAsk): string | undefined {
  const [first, last] = since.stretches.slice(-2);
  if (!first || !last || before === null) return undefined;
  const now = joined(first, last);
  return lessSure(now, before) ?? blind(now, before) ?? flooded(now, before) ?? slower(now, before);
}

/** What lighting and distance may do to a mean score lies below this. */
const scoreMargin = 0.15;

function lessSure({ meanScore, scored }: Stretch, { lowestScore }: Baseline): string | undefined {
  if (meanScore === null || scored < fewestScored || lowestScore === null) return undefined;
  if (meanScore >= lowestScore - scoreMargin) return undefined;
  return `its mean score is ${meanScore.toFixed(2)}, and never was below ${lowestScore.toFixed(2)} before`;
}

/** A place that was never empty has next to nothing in it now. */
const emptyShare = 0.15;
const seldomEmpty = 0.5;

function blind({ detectionsPerImage: found }: Stretch, { fewest }: Baseline): string | undefined {
  if (fewest === null || fewest < seldomEmpty || found >= emptyShare * fewest) return undefined;
  return `it finds ${found.toFixed(2)} things in an image, and never less than ${fewest.toFixed(2)} were found before`;
}

const floodFactor = 5;
const floodLeast = 10;

function flooded({ detectionsPerImage: found }: Stretch, { most }: Baseline): string | undefined {
  if (most === null || found <= floodFactor * most + floodLeast) return undefined;
  return `it finds ${found.toFixed(1)} things in an image, and never more than ${most.toFixed(1)} were found before`;
}

const slowFactor = 2;
const slowLeastMs = 10;

function slower({ ms }: Stretch, { slowestMs }: Baseline): string | undefined {
  if (ms === null || slowestMs === null || ms <= slowFactor * slowestMs + slowLeastMs) return undefined;
  return `an image takes it ${ms.toFixed(0)} ms, and never took more than ${slowestMs.toFixed(0)} ms before`;
}
