import { TradewindError } from "#infra/runtime/errors.ts";
import type { OnnxFile, TensorInfo } from "./onnx.ts";

/** What a person can do about a model that no head reads. */
export const needs =
  "it would need one input [1, 3, height, width] of float32, float16 or uint8, and outputs as exports have them, with " +
  "`task` and `names` in its metadata or beside it: YOLOv8 and its heirs for detect, segment, pose (with `kpt_shape`), " +
  "obb and classify, such with their own suppression (last dimension 6 and more), or the DETR family's boxes and logits";

/** Why a model can't be served to callers with images, with all that was seen of its file. */
export function unusable(file: OnnxFile, problem: string): TradewindError {
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

export function showTensor({ name, elementType, dims }: TensorInfo): string {
  return `${name.slice(0, 60)} ${elementType} [${dims.join(", ")}]`;
}
