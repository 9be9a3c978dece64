import { isUtf8 } from "node:buffer";
import type { Tensors } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Refuses elements of BYTES that are no text: onnxruntime fails on them inside the run, and cuts others at their NUL. */
export function checkTexts(inputs: Tensors): void {
  for (const [name, tensor] of Object.entries(inputs)) {
    if (tensor.datatype !== "BYTES") continue;
    const place = tensor.data.findIndex((bytes) => bytes.includes(0) || !isUtf8(bytes));
    if (place < 0) continue;
    const message = `element ${place} of input '${name.slice(0, 60)}' is not UTF-8 without NULs, and the model takes only text`;
    throw new TradewindError("request_malformed", message);
  }
}
