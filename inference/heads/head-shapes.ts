import type { BoxHead, HeadPlan } from "./head-plan.ts";

/** The shapes of a model's outputs, by their names. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

/** The outputs that a head reads. */
export function outputsOf(head: HeadPlan): readonly string[] {
  if (head.kind === "query-pair") return [head.boxes, head.logits];
  return head.kind === "segment" ? [head.output, head.prototypes] : [head.output];
}

/** How many classes the shapes have room for; undefined where they don't show it, or are not those of the head. */
export function classesSeen(head: HeadPlan, shapes: Shapes): number | undefined {
  if (head.kind === "query-pair") return undefined;
  const [batch, rows = 0, last = 0, ...more] = shapes[head.output] ?? [];
  if (batch !== 1 || more.length > 0) return undefined;
  if (head.kind === "classify") return atLeastOne(shapes[head.output]?.length === 2 ? rows : 0);
  if (shapes[head.output]?.length !== 3) return undefined;
  if (head.kind === "queries") return atLeastOne(last - 4);
  const extras = extrasOf(head, shapes);
  return head.layout === "settled" || extras === undefined ? undefined : atLeastOne(rows - 4 - extras);
}

/** Are these the shapes of a model with so many classes? */
export function fitsHead(head: HeadPlan, shapes: Shapes, classes: number): boolean {
  if (head.kind === "query-pair") return fitsPair(shapes[head.boxes], shapes[head.logits], classes);
  if (head.kind === "classify" || head.kind === "queries" || head.layout === "anchors") {
    return classesSeen(head, shapes) === classes;
  }
  const [batch, , last, ...more] = shapes[head.output] ?? [];
  const extras = extrasOf(head, shapes);
  return batch === 1 && more.length === 0 && extras !== undefined && last === 6 + extras;
}

/** The shapes that would fit, for people. */
export function wantedShapes(head: HeadPlan, classes: number | undefined): string {
  const with4 = (extras: string): string =>
    extras === "" && classes !== undefined ? String(4 + classes) : `4 + ${classes ?? "classes"}${extras}`;
  if (head.kind === "query-pair") return "[1, queries, 4] and [1, queries, classes]";
  if (head.kind === "queries") return `[1, queries, ${with4("")}]`;
  if (head.kind === "classify") return `[1, ${classes ?? "classes"}]`;
  const extras = shownExtras(head);
  const shape = head.layout === "settled" ? `[1, rows, 6${extras}]` : `[1, ${with4(extras)}, anchors]`;
  return head.kind === "segment" ? `${shape} and [1, prototypes, height, width]` : shape;
}

/** The numbers of each thing beside box and scores; undefined where the prototypes that tell are none. */
function extrasOf(head: BoxHead, shapes: Shapes): number | undefined {
  if (head.kind === "obb") return 1;
  if (head.kind === "pose") return head.keypoints.count * head.keypoints.numbers;
  if (head.kind === "detect") return 0;
  const [batch, count = 0, height = 0, width = 0, ...more] = shapes[head.prototypes] ?? [];
  return batch === 1 && more.length === 0 && Math.min(count, height, width) >= 1 ? count : undefined;
}

function shownExtras(head: BoxHead): string {
  if (head.kind === "segment") return " + prototypes";
  if (head.kind === "pose") return ` + ${head.keypoints.count * head.keypoints.numbers}`;
  return head.kind === "obb" ? " + 1" : "";
}

/** One more logit than classes is the softmax's "nothing". */
function fitsPair(boxes: readonly number[] = [], logits: readonly number[] = [], classes: number): boolean {
  const [batch, queries, four] = boxes;
  const [sameBatch, sameQueries, scores = 0] = logits;
  const together = batch === 1 && sameBatch === 1 && queries === sameQueries && four === 4;
  return (
    together && boxes.length === 3 && logits.length === 3 && scores - classes >= 0 && scores - classes <= 1
  );
}

function atLeastOne(classes: number): number | undefined {
  return classes >= 1 ? classes : undefined;
}
