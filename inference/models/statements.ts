import type { ImageSize, Task } from "#inference/contract.ts";
import type { KeypointShape } from "#inference/heads/head-plan.ts";
import type { OnnxFile } from "./onnx.ts";
import { type PythonLiteral, parsePythonLiteral } from "./python-literal.ts";
import { unusable } from "./unusable.ts";

/** What a model's owner says beside the file; it goes before what the file says of itself. */
export type Declared = {
  readonly task?: Task | undefined;
  readonly names?: readonly string[] | undefined;
  readonly imageSize?: ImageSize | undefined;
};

/** What is said of a model in words, as opposed to what its tensors show. */
export type Statements = {
  readonly task: Task;
  /** Undefined when nobody names the classes. */
  readonly names: readonly string[] | undefined;
  readonly imageSize: ImageSize | undefined;
  readonly keypoints: KeypointShape | undefined;
  /** Does the graph suppress by itself? Undefined when nobody says. */
  readonly settled: boolean | undefined;
  readonly agnostic: boolean;
  readonly logits: boolean;
  /** Its exporter calls it a DETR. */
  readonly detr: boolean;
};

export function readStatements(file: OnnxFile, declared: Declared): Statements {
  const args = optional(file, "args");
  const says = (key: string): PythonLiteral | undefined => (args instanceof Map ? args.get(key) : undefined);
  const endToEnd = optional(file, "end2end");
  return {
    task: declared.task ?? taskOf(file),
    names: checkedNames(file, declared.names) ?? namesOf(file),
    imageSize: declared.imageSize ?? imageSizeOf(file),
    keypoints: keypointsOf(file),
    // `nms: False` leaves it open: a model that needs no suppression has none added, and says so nowhere in old exports.
    settled: endToEnd === true || says("nms") === true ? true : endToEnd === false ? false : undefined,
    agnostic: says("agnostic_nms") === true,
    logits: optional(file, "logits") === true,
    detr: /detr/i.test(file.metadata.get("description") ?? ""),
  };
}

const tasks: readonly Task[] = ["detect", "segment", "pose", "obb", "classify"];

function taskOf(file: OnnxFile): Task {
  const said = file.metadata.get("task") ?? "detect";
  const task = tasks.find((one) => one === said);
  if (task === undefined) throw unusable(file, `task '${said.slice(0, 40)}' is not served`);
  return task;
}

const maxClasses = 100_000;

function checkedNames(file: OnnxFile, names: readonly string[] | undefined): readonly string[] | undefined {
  if (names === undefined || (names.length > 0 && names.length <= maxClasses)) return names;
  throw unusable(file, `${names.length} class names are declared, expected 1 to ${maxClasses}`);
}

/** `{0: 'person', ...}` or a list; class numbers without a name keep their number. */
function namesOf(file: OnnxFile): readonly string[] | undefined {
  const value = literal(file, "names");
  if (value === undefined) return undefined;
  const entries: [unknown, unknown][] =
    value instanceof Map ? [...value] : Array.isArray(value) ? [...value.entries()] : [];
  const indices = entries.map(([index]) => Number(index));
  const last = indices.reduce((most, index) => Math.max(most, index), -1);
  const sound = indices.every((index) => Number.isInteger(index) && index >= 0);
  if (entries.length === 0 || last >= maxClasses || !sound) {
    throw unusable(file, "the metadata's `names` are no list of names");
  }
  const names = Array.from({ length: last + 1 }, (_, index) => String(index));
  for (const [index, name] of entries) names[Number(index)] = String(name);
  return names;
}

/** `imgsz` is `[height, width]`, or one number for both. */
function imageSizeOf(file: OnnxFile): ImageSize | undefined {
  const value = literal(file, "imgsz");
  if (typeof value === "number") return { width: value, height: value };
  if (!Array.isArray(value)) return undefined;
  const [height, width = height]: unknown[] = value;
  return typeof height === "number" && typeof width === "number" ? { width, height } : undefined;
}

const maxKeypoints = 1_000;

/** `kpt_shape` is `[keypoints, 2]`, or 3 with their visibility. */
function keypointsOf(file: OnnxFile): KeypointShape | undefined {
  const value = literal(file, "kpt_shape");
  if (value === undefined || value === null) return undefined;
  const [count, numbers, ...more]: unknown[] = Array.isArray(value) ? value : [];
  const counted = typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= maxKeypoints;
  if (counted && (numbers === 2 || numbers === 3) && more.length === 0) return { count, numbers };
  throw unusable(file, "the metadata's `kpt_shape` is not [keypoints, 2] or [keypoints, 3]");
}

function literal(file: OnnxFile, key: string): PythonLiteral | undefined {
  const text = file.metadata.get(key);
  if (text === undefined) return undefined;
  const value = parsePythonLiteral(text);
  if (value === undefined) throw unusable(file, `the metadata's \`${key}\` cannot be read`);
  return value;
}

/** What helps where it can be read: exporters put all kinds of objects among their arguments. */
function optional(file: OnnxFile, key: string): PythonLiteral | undefined {
  return parsePythonLiteral(file.metadata.get(key) ?? "");
}
