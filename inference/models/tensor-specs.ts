import type { Datatype, TensorSpec } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { TensorInfo } from "./onnx.ts";

/** A graph's inputs or outputs in the protocol's words; what it has no word for (sequences, maps, complex numbers) is refused. */
export function tensorSpecs(tensors: readonly TensorInfo[]): TensorSpec[] {
  return tensors.map(({ name, elementType, dims }) => {
    const datatype = datatypes[elementType];
    if (datatype === undefined) {
      const message = `the model cannot be served: '${name.slice(0, 60)}' is ${elementType}, which is no tensor of the protocol`;
      throw new TradewindError("model_unusable", message);
    }
    return { name, datatype, shape: dims.map((dim) => (typeof dim === "number" ? dim : -1)) };
  });
}

/** The graph's word for a datatype of the protocol. */
export function elementTypeOf(datatype: Datatype): string {
  return elementTypes.get(datatype) ?? datatype;
}

const datatypes: Readonly<Record<string, Datatype>> = {
  float32: "FP32",
  float64: "FP64",
  float16: "FP16",
  bfloat16: "BF16",
  bool: "BOOL",
  string: "BYTES",
  uint8: "UINT8",
  uint16: "UINT16",
  uint32: "UINT32",
  uint64: "UINT64",
  int8: "INT8",
  int16: "INT16",
  int32: "INT32",
  int64: "INT64",
};

const elementTypes = new Map(
  Object.entries(datatypes).map(([elementType, datatype]) => [datatype, elementType]),
);
