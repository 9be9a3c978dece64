import type { Tensor, Tensors } from "#inference/contract.ts";
import { binarySize, writeBinary } from "#inference/protocol/binary-tensor.ts";
import type { UpstreamCall } from "./upstream-http.ts";

export type InferQuestion = {
  /** Several have the same names, types and inner shapes. */
  readonly runs: readonly Tensors[];
  readonly outputs: readonly string[];
  /** Some servers refuse a request without one. */
  readonly id: string;
};

/**
 * One infer request in binary, both ways. Runs are joined along the first dimension by sending their memory one after
 * the other: neither the batch nor the message is ever put together here.
 */
export function inferBody({ runs, outputs, id }: InferQuestion): Pick<UpstreamCall, "headers" | "body"> {
  const inputs = Object.entries(runs[0] ?? {}).map(([name, tensor]) => joined(name, tensor, runs));
  const head = Buffer.from(
    JSON.stringify({
      id,
      inputs: inputs.map(({ parts: _, bytes, ...input }) => ({
        ...input,
        parameters: { binary_data_size: bytes },
      })),
      outputs: outputs.map((name) => ({ name, parameters: { binary_data: true } })),
      parameters: { binary_data_output: true },
    }),
  );
  const total = inputs.reduce((sum, { bytes }) => sum + bytes, head.byteLength);
  return {
    headers: {
      "content-type": "application/octet-stream",
      "content-length": String(total),
      "inference-header-content-length": String(head.byteLength),
    },
    body: [head, ...inputs.flatMap(({ parts }) => parts)],
  };
}

function joined(name: string, first: Tensor, runs: readonly Tensors[]) {
  const tensors = runs.map((run) => run[name]).filter((tensor) => tensor !== undefined);
  const bytes = tensors.reduce((sum, tensor) => sum + binarySize(tensor), 0);
  const rows = tensors.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
  const shape = runs.length === 1 ? first.shape : [rows, ...first.shape.slice(1)];
  return { name, shape, datatype: first.datatype, bytes, parts: tensors.map(bytesOf) };
}

function bytesOf(tensor: Tensor): Uint8Array {
  const { datatype, data } = tensor;
  if (datatype !== "BYTES") return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const bytes = Buffer.allocUnsafe(binarySize(tensor));
  writeBinary(tensor, bytes, 0);
  return bytes;
}
