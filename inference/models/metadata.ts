import type { ImageSize, ModelMetadata, Precision, Task } from "#inference/contract.ts";
import type { HeadPlan } from "#inference/heads/head-plan.ts";
import { classesSeen, fitsHead, outputsOf, type Shapes, wantedShapes } from "#inference/heads/head-shapes.ts";
import type { Fit } from "#inference/image/fit.ts";
import type { PixelType } from "#inference/image/tensor.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { OnnxFile } from "./onnx.ts";
import { planHead } from "./plan-head.ts";
import { planInput } from "./plan-input.ts";
import { type Declared, readStatements } from "./statements.ts";
import { needs, unusable } from "./unusable.ts";

/** What is known before the first run: a file may leave the class count to be seen. Plain data. */
export type ModelPlan = {
  readonly task: Task;
  readonly input: ImageSize;
  readonly precision: Precision;
  readonly inputName: string;
  readonly inputDatatype: PixelType;
  /** How an image is laid into the input. */
  readonly fit: Fit;
  /** The graph's outputs that the head reads. */
  readonly outputNames: readonly string[];
  readonly head: HeadPlan;
  /** Undefined when nobody names the classes. */
  readonly names: readonly string[] | undefined;
  /** How many images one run takes: a fixed number, or any. */
  readonly batch: number | "free";
};

/** How to run a model and read its answer, from what is said of it; or why we can't, with all that was seen. */
export function planModel(file: OnnxFile, declared: Declared = {}): ModelPlan {
  const said = readStatements(file, declared);
  const { size, ...input } = planInput(file, said.imageSize);
  const head = planHead(file, said, size);
  const outputNames = outputsOf(head);
  return {
    task: said.task,
    input: size,
    precision: precisionOf(file),
    ...input,
    fit: fits[head.kind],
    outputNames,
    head,
    names: said.names,
    batch: batchOf(file, outputNames),
  };
}

/** The plan held against the shapes that a first run really gave. */
export function confirmModel(
  { task, input, precision, head, names: known }: ModelPlan,
  shapes: Shapes,
): ModelMetadata {
  const classes = known?.length ?? guessedClasses(head, shapes);
  if (classes === undefined || !fitsHead(head, shapes, classes)) {
    const came = outputsOf(head).map(
      (name) => `output '${name}' came out as [${(shapes[name] ?? []).join(", ")}]`,
    );
    const message = `${came.join(", ")}, expected ${wantedShapes(head, known?.length)}`;
    throw new TradewindError("model_unusable", message, { hint: needs });
  }
  const names = known ?? Array.from({ length: classes }, (_, index) => String(index));
  const keypoints = head.kind === "pose" ? { keypoints: head.keypoints.count } : {};
  return { task, input, precision, names, ...keypoints };
}

/** As each family was trained: with grey around the image, with its edges cut off, or stretched. */
const fits: Readonly<Record<HeadPlan["kind"], Fit>> = {
  detect: "letterbox",
  segment: "letterbox",
  pose: "letterbox",
  obb: "letterbox",
  classify: "crop",
  queries: "stretch",
  "query-pair": "stretch",
};

/** Without names the shape must tell, and one that is taller than wide is more likely on its side. */
function guessedClasses(head: HeadPlan, shapes: Shapes): number | undefined {
  const classes = classesSeen(head, shapes);
  if (head.kind === "classify" || head.kind === "query-pair") return classes;
  const [, rows = 0, anchors = 0] = shapes[head.output] ?? [];
  return rows < anchors ? classes : undefined;
}

function batchOf(file: OnnxFile, outputNames: readonly string[]): number | "free" {
  const outputs = file.outputs.filter(({ name }) => outputNames.includes(name));
  const sizes = [...file.inputs, ...outputs].flatMap(({ dims: [batch] }) =>
    typeof batch === "number" ? [batch] : [],
  );
  const [first = "free"] = sizes;
  if (typeof first === "number" && first !== 1)
    throw unusable(file, `the batch is fixed at ${first}, expected 1 or free`);
  return first;
}

function precisionOf({ operators, weightTypes }: OnnxFile): Precision {
  const isQuantized = [...operators].some((name) => /quantizeLinear$|^QLinear|Integer$/i.test(name));
  if (isQuantized) return "int8";
  return weightTypes.has("float16") ? "fp16" : "fp32";
}
