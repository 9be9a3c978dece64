import { TradewindError } from "#infra/runtime/errors.ts";
import type { Part } from "../onnx/parts.ts";
import { tensorPart } from "../onnx/tensor.ts";
import { activationGrid, type Grid, type Range } from "../scales.ts";
import type { NumberKinds } from "../targets.ts";
import type { FreshName } from "./fresh-names.ts";

/** A grid with the names of the constants that say it in the graph. */
export type PlacedGrid = Grid & {
  readonly names: GridNames;
  /** Where each channel has a grid of its own, the way back; the way there is the work of what computes the channels. */
  readonly channels: PlacedChannels | undefined;
  readonly tensors: readonly Part[];
};

export type GridNames = { readonly scale: string; readonly zeroPoint: string };

export type PlacedChannels = { readonly grids: readonly Grid[]; readonly names: GridNames };

export type GridOptions = {
  /** Of tensors with one range. */
  readonly ranges: ReadonlyMap<string, Range>;
  /** Of tensors with a range for each channel. */
  readonly channelRanges: ReadonlyMap<string, readonly Range[]>;
  readonly kinds: NumberKinds;
  readonly fresh: FreshName;
};

/** A grid for each tensor whose range counts. */
export function placeGrids(roots: Iterable<string>, options: GridOptions): ReadonlyMap<string, PlacedGrid> {
  const { ranges, channelRanges } = options;
  const grids = new Map<string, PlacedGrid>();
  for (const root of roots) {
    const channels = channelRanges.get(root);
    const placed = channels
      ? placeChannels(root, channels, options)
      : placeOne(root, ranges.get(root), options);
    grids.set(root, placed);
  }
  return grids;
}

function placeOne(root: string, range: Range | undefined, { kinds, fresh }: GridOptions): PlacedGrid {
  if (!isSeen(range)) throw unseen(root);
  const grid = activationGrid(range, kinds.activation);
  const names = { scale: fresh(`${root}_scale`), zeroPoint: fresh(`${root}_zero_point`) };
  return { ...grid, names, channels: undefined, tensors: tensorsOf(names, [grid], [], kinds) };
}

/** What computes the channels brings each to its own grid, so that the way there is plain counting. */
function placeChannels(root: string, ranges: readonly Range[], options: GridOptions): PlacedGrid {
  if (!ranges.every(isSeen)) throw unseen(root);
  const { kinds, fresh } = options;
  const counting = { scale: 1, zeroPoint: kinds.activation.least };
  const grids = ranges.map((range) => activationGrid(range, kinds.activation));
  const names = { scale: fresh(`${root}_scale`), zeroPoint: fresh(`${root}_zero_point`) };
  const back = { scale: fresh(`${root}_scales`), zeroPoint: fresh(`${root}_zero_points`) };
  const tensors = [
    ...tensorsOf(names, [counting], [], kinds),
    ...tensorsOf(back, grids, [grids.length], kinds),
  ];
  return { ...counting, names, channels: { grids, names: back }, tensors };
}

function tensorsOf(
  names: GridNames,
  grids: readonly Grid[],
  dims: readonly number[],
  { activation }: NumberKinds,
): readonly Part[] {
  const zeroPoints = Int8Array.from(grids, ({ zeroPoint }) => zeroPoint);
  const data = activation.type === "int8" ? zeroPoints : new Uint8Array(zeroPoints.buffer);
  const scales = Float32Array.from(grids, ({ scale }) => scale);
  return [
    tensorPart(5, { name: names.scale, dims, data: scales }),
    tensorPart(5, { name: names.zeroPoint, dims, data }),
  ];
}

function isSeen(range: Range | undefined): range is Range {
  return range !== undefined && Number.isFinite(range.min) && Number.isFinite(range.max);
}

function unseen(tensor: string): TradewindError {
  const message = `the model cannot be quantized: '${tensor.slice(0, 80)}' holds numbers that are not finite`;
  return new TradewindError("model_unusable", message);
}
