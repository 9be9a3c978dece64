import type { Detection, DetectOptions, FloatTensor, Tensors } from "#inference/contract.ts";
import { fromInput } from "#inference/image/letterbox.ts";
import { checkedOutputs } from "./checked-outputs.ts";
import { readClasses } from "./classify.ts";
import { readDetections } from "./detect.ts";
import type { Found } from "./found.ts";
import type { BoxHead, HeadPlan, QueryHead } from "./head-plan.ts";
import { createMasks } from "./mask.ts";
import { fromParts, keypointsOf, type Seen, turnedBox } from "./on-image.ts";
import { type Queried, readQueries, readQueryPair } from "./queries.ts";
import { readSettled } from "./settled.ts";

/** What a model's answer is read with: how, and the names of its classes, as many as it has. */
export type Reading = { readonly head: HeadPlan; readonly names: readonly string[] };

/** The answer to one image, whatever the task, best first: the one door to all heads. */
export function readHead(
  { head, names }: Reading,
  outputs: Tensors,
  seen: Seen,
  options: DetectOptions,
): Detection[] {
  const floats = checkedOutputs(head, outputs, names.length);
  const asked: Asked = { floats, classes: names.length, seen, options };
  return nameless(head, asked).map((one) => ({ name: names[one.class] ?? String(one.class), ...one }));
}

type Asked = {
  readonly floats: Readonly<Record<string, FloatTensor>>;
  readonly classes: number;
  readonly seen: Seen;
  readonly options: DetectOptions;
};

type Nameless = Omit<Detection, "name">;

function nameless(head: HeadPlan, asked: Asked): Nameless[] {
  const { floats, seen, options } = asked;
  const { width, height } = seen.image;
  switch (head.kind) {
    case "classify": {
      const box = { x1: 0, y1: 0, x2: width, y2: height };
      const classes = readClasses(outputIn(floats, head.output), head.logits, options);
      return classes.map((one) => ({ ...one, box }));
    }
    case "queries":
    case "query-pair":
      return queried(head, asked).map((one) => ({ ...one, box: fromParts(one.box, seen.image) }));
    default: {
      const finish = finisherOf(head, asked);
      return boxed(head, asked).map((one) => ({ class: one.class, score: one.score, ...finish(one) }));
    }
  }
}

function queried(head: QueryHead, { floats, classes, options }: Asked): Queried[] {
  if (head.kind === "queries") return readQueries(outputIn(floats, head.output), options);
  return readQueryPair(outputIn(floats, head.boxes), outputIn(floats, head.logits), classes, options);
}

function boxed(head: BoxHead, { floats, classes, options }: Asked): Found[] {
  const output = { output: outputIn(floats, head.output), classes, rotated: head.kind === "obb" };
  if (head.layout === "settled") return readSettled(output, options);
  return readDetections(output, { ...options, agnostic: options.agnostic ?? head.agnostic });
}

type Finished = Pick<Detection, "box" | "corners" | "keypoints" | "mask">;

/** From the input's pixels to the image's, with what the task adds. */
function finisherOf(head: BoxHead, { floats, seen }: Asked): (found: Found) => Finished {
  const upright = ({ box }: Found): Finished => ({ box: fromInput(box, seen.letterbox, seen.image) });
  if (head.kind === "detect") return upright;
  if (head.kind === "obb") return ({ box, extras: [angle = 0] }) => turnedBox(box, angle, seen);
  if (head.kind === "pose") {
    return (found) => ({ ...upright(found), keypoints: keypointsOf(found.extras, head.keypoints, seen) });
  }
  const maskOf = createMasks(outputIn(floats, head.prototypes), seen);
  return (found) => {
    const { box } = upright(found);
    return { box, mask: maskOf(found.extras, box) };
  };
}

/** The outputs were checked, so that what is missing here is a fault of ours. */
function outputIn(floats: Asked["floats"], name: string): FloatTensor {
  const output = floats[name];
  if (output === undefined) throw new Error(`output '${name}' was not checked`);
  return output;
}
