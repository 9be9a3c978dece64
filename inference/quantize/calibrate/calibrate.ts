import type { InferenceSession } from "onnxruntime-node";
import { abandoned } from "#inference/abandoned.ts";
import type { Tensors } from "#inference/contract.ts";
import { toFeeds } from "#inference/engine/onnx-tensor.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Mixture } from "../plan/find-mixed.ts";
import type { Range } from "../scales.ts";
import { perChannel, widenByKind } from "./channel-ranges.ts";
import { type Calibration, entropyRange, percentileRange } from "./choose-range.ts";
import type { Exposed } from "./expose.ts";
import { countIn, emptyHistogram, type Histogram } from "./histogram.ts";
import type { ImageTensors } from "./image-tensors.ts";

export type CalibrateOptions = {
  /** The model with its insides exposed. */
  readonly session: Pick<InferenceSession, "run">;
  readonly exposed: readonly Exposed[];
  /** How the channels of those that hold several kinds of numbers lie side by side. */
  readonly mixture: Mixture;
  readonly images: ImageTensors;
  readonly calibration: Calibration;
  readonly signal: AbortSignal;
  /** The most bytes of insides that are looked at in one run. */
  readonly mostBytes?: number;
};

/** What the images made of each exposed tensor. */
export type Calibrated = {
  readonly ranges: ReadonlyMap<string, Range>;
  /** Of those that hold several kinds of numbers, for each channel. */
  readonly channelRanges: ReadonlyMap<string, readonly Range[]>;
};

/** The range of each exposed tensor over all images. What leaves the whole numbers keeps all that was seen of it. */
export async function calibrate(options: CalibrateOptions): Promise<Calibrated> {
  const seen = await seeExtremes(options);
  const ranges = new Map(Array.from(seen, ([tensor, { range }]) => [tensor, range]));
  const mixed = Array.from(seen).filter(([, { kinds }]) => kinds.length > 0);
  const channelRanges = new Map(
    mixed.map(([tensor, { kinds }]) => [tensor, perChannel(kinds, options.mixture)]),
  );
  if (options.calibration === "minmax") return { ranges, channelRanges };
  const choose = options.calibration === "percentile" ? percentileRange : entropyRange;
  const histograms = await countValues(options, seen);
  for (const [tensor, histogram] of histograms) ranges.set(tensor, choose(histogram));
  return { ranges, channelRanges };
}

type Seen = {
  readonly range: Range;
  readonly count: number;
  /** The ranges of its kinds of numbers, where they lie side by side. */
  readonly kinds: readonly Range[];
};

const nothing: Seen = { range: { min: Infinity, max: -Infinity }, count: 0, kinds: [] };

/** One run for each image: hardly more than the extremes leave the model. */
async function seeExtremes(options: CalibrateOptions): Promise<ReadonlyMap<string, Seen>> {
  const { exposed, images, mixture } = options;
  const seen = new Map<string, Seen>();
  const wanted = exposed.flatMap(({ min, max, count, values, use }) => [
    ...[min, max, count],
    ...(use === "kinds" ? [values] : []),
  ]);
  for await (const feeds of images()) {
    const answer = await run(options, feeds, wanted);
    for (const one of exposed) {
      const before = seen.get(one.tensor) ?? nothing;
      const values = one.use === "kinds" ? floatsIn(answer, one.values) : undefined;
      seen.set(one.tensor, {
        range: {
          min: Math.min(before.range.min, scalarIn(answer, one.min)),
          max: Math.max(before.range.max, scalarIn(answer, one.max)),
        },
        count: Math.max(before.count, scalarIn(answer, one.count)),
        kinds: values ? widenByKind(before.kinds, mixture, values) : [],
      });
    }
  }
  return seen;
}

/** As many runs for each image as it takes to look at all insides within the bound. */
async function countValues(
  options: CalibrateOptions,
  seen: ReadonlyMap<string, Seen>,
): Promise<ReadonlyMap<string, Histogram>> {
  const { exposed, images, mostBytes = 268_435_456 } = options;
  const histograms = new Map(
    exposed.flatMap(({ tensor, use }) =>
      use === "all" ? [[tensor, emptyHistogram((seen.get(tensor) ?? nothing).range)] as const] : [],
    ),
  );
  const counted = exposed.filter(({ use }) => use === "all");
  const groups = groupsOf(counted, (tensor) => seen.get(tensor)?.count ?? 0, mostBytes / 4);
  for await (const feeds of images()) {
    for (const group of groups) {
      const wanted = group.map(({ values }) => values);
      const answer = await run(options, feeds, wanted);
      for (const { tensor, values } of group) {
        const histogram = histograms.get(tensor);
        if (histogram) countIn(histogram, floatsIn(answer, values));
      }
    }
  }
  return histograms;
}

function groupsOf(
  exposed: readonly Exposed[],
  countOf: (tensor: string) => number,
  most: number,
): readonly (readonly Exposed[])[] {
  const groups: Exposed[][] = [];
  let room = 0;
  for (const one of exposed) {
    const count = countOf(one.tensor);
    if (groups.length === 0 || count > room) {
      groups.push([]);
      room = most;
    }
    groups.at(-1)?.push(one);
    room -= count;
  }
  return groups;
}

type Answer = InferenceSession.OnnxValueMapType;

async function run(
  { session, signal }: CalibrateOptions,
  feeds: Tensors,
  wanted: readonly string[],
): Promise<Answer> {
  if (signal.aborted) throw abandoned(signal);
  try {
    return await session.run(toFeeds(feeds), wanted);
  } catch (cause) {
    throw new TradewindError("model_unusable", "the model fails on an image of the calibration folder", {
      cause,
    });
  }
}

function scalarIn(answer: Answer, name: string): number {
  return Number(answer[name]?.data[0]);
}

function floatsIn(answer: Answer, name: string): Float32Array {
  const data = answer[name]?.data;
  return data instanceof Float32Array ? data : new Float32Array(0);
}
