import type { ImageSize, ModelMetadata, Precision } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { OnnxFile, TensorInfo } from "./onnx.ts";
import { type PythonLiteral, parsePythonLiteral } from "./python-literal.ts";

/** What is known before the first run: a file may leave the class count to be seen. */
export type ModelPlan = {
  readonly task: "detect";
  readonly input: ImageSize;
  readonly precision: Precision;
  readonly inputName: string;
  readonly outputName: string;
  /** Undefined when the file names no classes. */
  readonly names: readonly string[] | undefined;
};

/** How to run a model and read its answer, from what its file says; or why we can't, with all that was seen. */
export function planModel(file: OnnxFile): ModelPlan {
  const task = file.metadata.get("task") ?? "detect";
  if (task !== "detect") throw unusable(file, `task '${task.slice(0, 40)}' is not served yet`);
  const [input] = file.inputs;
  if (!input || file.inputs.length > 1) throw unusable(file, `${file.inputs.length} inputs, expected one`);
  const [output] = file.outputs;
  if (!output || file.outputs.length > 1)
    throw unusable(file, `${file.outputs.length} outputs, expected one`);
  const names = namesOf(file);
  checkOutputInfo(file, output, names);
  return {
    task,
    input: inputSize(file, input),
    precision: precisionOf(file),
    inputName: input.name,
    outputName: output.name,
    names,
  };
}

/** The plan held against the shape that a first run really gave. */
export function confirmModel(plan: ModelPlan, dims: readonly number[]): ModelMetadata {
  const [batch, rows = 0, anchors = 0] = dims;
  const classes = rows - 4;
  const wanted = plan.names ? `[1, ${4 + plan.names.length}, anchors]` : "[1, 4 + classes, anchors]";
  const fits =
    dims.length === 3 && batch === 1 && classes >= 1 && (!plan.names || plan.names.length === classes);
  if (!fits || (!plan.names && rows >= anchors)) {
    const message = `output '${plan.outputName}' came out as [${dims.join(", ")}], expected ${wanted}`;
    throw new TradewindError("model_unusable", message, { hint: needs });
  }
  const {
    task,
    input,
    precision,
    names = Array.from({ length: classes }, (_, index) => String(index)),
  } = plan;
  return { task, input, precision, names };
}

const needs =
  "it would need one float32 input [1, 3, height, width] and one output [1, 4 + classes, anchors], as a YOLOv8 or YOLO11 " +
  "detection export has, with `names` in its metadata";

function unusable(file: OnnxFile, problem: string): TradewindError {
  return new TradewindError("model_unusable", `the model cannot be served: ${problem} (${describe(file)})`, {
    hint: needs,
  });
}

/** One line that shows a person what the file holds. */
function describe({ inputs, outputs, metadata, opset }: OnnxFile): string {
  const shown = (tensors: readonly TensorInfo[]): string =>
    tensors.slice(0, 6).map(showTensor).join(", ") + (tensors.length > 6 ? ", ..." : "") || "none";
  const entries = [...metadata].slice(0, 12).map(([key, value]) => `${key}=${value.slice(0, 60)}`);
  return `inputs: ${shown(inputs)}; outputs: ${shown(outputs)}; metadata: ${entries.join(", ") || "none"}; opset ${opset}`;
}

function showTensor({ name, elementType, dims }: TensorInfo): string {
  return `${name.slice(0, 60)} ${elementType} [${dims.join(", ")}]`;
}

function checkOutputInfo(file: OnnxFile, output: TensorInfo, names: readonly string[] | undefined): void {
  const [, rows, last] = output.dims;
  if (output.elementType !== "float32")
    throw unusable(file, `the output is ${output.elementType}, expected float32`);
  // An output without a declared shape is looked at after the first run.
  if (output.dims.length !== 3 && output.dims.length !== 0) {
    throw unusable(file, `the output has ${output.dims.length} dimensions, expected 3`);
  }
  if (last === 6 || /True/.test(file.metadata.get("end2end") ?? "")) {
    throw unusable(file, "an export with its own suppression (last dimension 6) is not served yet");
  }
  if (typeof rows === "number" && names && rows !== 4 + names.length) {
    const said = `the output has ${rows} rows, but ${names.length} class names ask for ${4 + names.length}`;
    throw unusable(file, said);
  }
}

function inputSize(file: OnnxFile, input: TensorInfo): ImageSize {
  const [batch, channels, height, width] = input.dims;
  if (input.elementType !== "float32")
    throw unusable(file, `the input is ${input.elementType}, expected float32`);
  if (input.dims.length !== 4)
    throw unusable(file, `the input has ${input.dims.length} dimensions, expected 4`);
  if (typeof batch === "number" && batch !== 1)
    throw unusable(file, `the batch is fixed at ${batch}, expected 1 or free`);
  if (typeof channels === "number" && channels !== 3)
    throw unusable(file, `the input has ${channels} channels, expected 3`);
  const declared = declaredSize(file);
  const size = {
    width: typeof width === "number" ? width : declared?.width,
    height: typeof height === "number" ? height : declared?.height,
  };
  if (size.width === undefined || size.height === undefined) {
    throw unusable(file, "the input's height and width are free and the metadata has no `imgsz`");
  }
  return bounded(file, { width: size.width, height: size.height });
}

/** Beyond it one tensor alone would take 200 MB. */
const maxSide = 4_096;

function bounded(file: OnnxFile, { width, height }: ImageSize): ImageSize {
  const fits = [width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= maxSide);
  if (!fits)
    throw unusable(file, `the input is ${width} x ${height} pixels, expected 1 to ${maxSide} a side`);
  return { width, height };
}

/** `imgsz` is `[height, width]`, or one number for both. */
function declaredSize(file: OnnxFile): ImageSize | undefined {
  const value = literal(file, "imgsz");
  if (typeof value === "number") return { width: value, height: value };
  if (!Array.isArray(value)) return undefined;
  const [height, width = height]: unknown[] = value;
  return typeof height === "number" && typeof width === "number" ? { width, height } : undefined;
}

/** `{0: 'person', ...}` or a list; class numbers without a name keep their number. */
function namesOf(file: OnnxFile): readonly string[] | undefined {
  const value = literal(file, "names");
  if (value === undefined) return undefined;
  const entries: [unknown, unknown][] =
    value instanceof Map ? [...value] : Array.isArray(value) ? [...value.entries()] : [];
  const indices = entries.map(([index]) => Number(index));
  const last = Math.max(-1, ...indices);
  if (
    entries.length === 0 ||
    last > 100_000 ||
    !indices.every((index) => Number.isInteger(index) && index >= 0)
  ) {
    throw unusable(file, "the metadata's `names` are no list of names");
  }
  const names = Array.from({ length: last + 1 }, (_, index) => String(index));
  for (const [index, name] of entries) names[Number(index)] = String(name);
  return names;
}

function literal(file: OnnxFile, key: string): PythonLiteral | undefined {
  const text = file.metadata.get(key);
  if (text === undefined) return undefined;
  const value = parsePythonLiteral(text);
  if (value === undefined) throw unusable(file, `the metadata's \`${key}\` cannot be read`);
  return value;
}

function precisionOf({ operators, weightTypes }: OnnxFile): Precision {
  const isQuantized = [...operators].some((name) => /quantizeLinear$|^QLinear|Integer$/i.test(name));
  if (isQuantized) return "int8";
  return weightTypes.has("float16") ? "fp16" : "fp32";
}
