import type { Answered } from "../answer/running-model.ts";
import { type Baseline, baselineOf, together } from "./baseline.ts";
import { type Stretch, stretchImages, stretchOf } from "./stretch.ts";

/** What one release answered, the newest last: so many stretches, which are thousands of images. */
export type History = {
  /** What lives of this device before this one saw of it. */
  readonly earlier: Baseline | null;
  readonly stretches: Stretch[];
  readonly open: Answered[];
};

const mostStretches = 400;

export function createHistory({
  earlier = null,
  stretches = [],
}: {
  readonly earlier?: Baseline | null;
  readonly stretches?: readonly Stretch[];
} = {}): History {
  return { earlier, stretches: [...stretches], open: [] };
}

export function remember({ stretches, open }: History, told: Answered): void {
  open.push(told);
  if (open.length < stretchImages) return;
  stretches.push(stretchOf(open));
  open.length = 0;
  if (stretches.length > mostStretches) stretches.shift();
}

/** Lives before this one count until this one has seen as much as it can remember. */
export function knownOf({ earlier, stretches }: History): Baseline | null {
  return together(stretches.length < mostStretches ? earlier : null, baselineOf(stretches));
}
