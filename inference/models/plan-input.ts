import type { ImageSize } from "#inference/contract.ts";
import type { PixelType } from "#inference/image/tensor.ts";
import type { OnnxFile, TensorInfo } from "./onnx.ts";
import { unusable } from "./unusable.ts";

export type InputPlan = {
  readonly size: ImageSize;
  readonly inputName: string;
  readonly inputDatatype: PixelType;
};

/** The one input of an image model; what its file leaves free is as the owner or the exporter says. */
export function planInput(file: OnnxFile, said: ImageSize | undefined): InputPlan {
  const [input] = file.inputs;
  if (!input || file.inputs.length > 1) throw unusable(file, `${file.inputs.length} inputs, expected one`);
  const inputDatatype = datatypes.get(input.elementType);
  if (inputDatatype === undefined) {
    throw unusable(file, `the input is ${input.elementType}, expected float32, float16 or uint8`);
  }
  checkShape(file, input);
  return { size: sizeOf(file, input, said), inputName: input.name, inputDatatype };
}

const datatypes: ReadonlyMap<string, PixelType> = new Map([
  ["float32", "FP32"],
  ["float16", "FP16"],
  ["uint8", "UINT8"],
]);

function checkShape(file: OnnxFile, { dims }: TensorInfo): void {
  const [batch, channels] = dims;
  if (dims.length !== 4) throw unusable(file, `the input has ${dims.length} dimensions, expected 4`);
  if (typeof batch === "number" && batch !== 1) {
    throw unusable(file, `the batch is fixed at ${batch}, expected 1 or free`);
  }
  if (typeof channels === "number" && channels !== 3) {
    throw unusable(file, `the input has ${channels} channels, expected 3`);
  }
}

/** Beyond it one tensor alone would take 200 MB. */
const maxSide = 4_096;

function sizeOf(
  file: OnnxFile,
  { dims: [, , high, wide] }: TensorInfo,
  said: ImageSize | undefined,
): ImageSize {
  const width = typeof wide === "number" ? wide : said?.width;
  const height = typeof high === "number" ? high : said?.height;
  if (width === undefined || height === undefined) {
    throw unusable(file, "the input's height and width are free and the metadata has no `imgsz`");
  }
  const sound = [width, height].every((side) => Number.isInteger(side) && side >= 1 && side <= maxSide);
  if (sound) return { width, height };
  throw unusable(file, `the input is ${width} x ${height} pixels, expected 1 to ${maxSide} a side`);
}
