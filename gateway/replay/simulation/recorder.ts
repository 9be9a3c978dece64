import type { Try } from "../../dispatch/try.ts";

/** Counts of what happened, for the requests that came once the run was warm. */
export type LaneCounts = {
  first: number;
  hedges: number;
  retries: number;
  wakes: number;
  /** Requests whose answer came from here. */
  answered: number;
  /** Of these, those that came too late. */
  late: number;
  failed: number;
  abandoned: number;
  /** Sums over its answers, to see how well it is foreseen. */
  predictedMs: number;
  tookMs: number;
};

export type Recorder = {
  /** By the request's number; infinite where no answer came. */
  readonly latencyMs: Float64Array;
  /** The first that counts. */
  readonly from: number;
  readonly lanes: readonly LaneCounts[];
  noLane: number;
  gaveUp: number;
};

export function createRecorder(count: number, from: number, lanes: number): Recorder {
  return {
    latencyMs: new Float64Array(count).fill(Number.POSITIVE_INFINITY),
    from,
    lanes: Array.from({ length: lanes }, emptyCounts),
    ...{ noLane: 0, gaveUp: 0 },
  };
}

export function countSent({ lane, kind }: Try, { lanes }: Recorder): void {
  const counts = lanes[lane.place];
  if (!counts) return;
  if (kind === "first") counts.first += 1;
  else if (kind === "hedge") counts.hedges += 1;
  else counts.retries += 1;
}

export function countEnded({ lane, state, sentAt, endedAt, predictedMs }: Try, { lanes }: Recorder): void {
  const counts = lanes[lane.place];
  if (!counts) return;
  if (state === "failed") counts.failed += 1;
  else if (state === "abandoned") counts.abandoned += 1;
  else {
    counts.predictedMs += predictedMs;
    counts.tookMs += endedAt - sentAt;
  }
}

export function countAnswered({ lane }: Try, isLate: boolean, { lanes }: Recorder): void {
  const counts = lanes[lane.place];
  if (!counts) return;
  counts.answered += 1;
  if (isLate) counts.late += 1;
}

function emptyCounts(): LaneCounts {
  return {
    ...{ first: 0, hedges: 0, retries: 0, wakes: 0, answered: 0, late: 0, failed: 0, abandoned: 0 },
    ...{ predictedMs: 0, tookMs: 0 },
  };
}
