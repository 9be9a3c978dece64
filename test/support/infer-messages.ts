import type { TensorSpec } from "#inference/contract.ts";
import { type InferRequest, readInferRequest } from "#inference/protocol/read-infer-request.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** A request of one tensor and what may lie behind its JSON part. */
export type RequestParts = {
  readonly head: object | string;
  readonly behind?: Uint8Array | undefined;
  /** The header that names the JSON part's length; left out, it is right where something lies behind. */
  readonly headerLength?: string | undefined;
};

export type ReadOptions = {
  readonly inputs?: readonly TensorSpec[];
  readonly outputs?: readonly TensorSpec[];
  readonly maxBatchSize?: number;
  readonly maxTensorBytes?: number;
};

export const pair: TensorSpec = { name: "x", datatype: "FP32", shape: [-1, 2] };
export const answerSpec: TensorSpec = { name: "y", datatype: "FP32", shape: [-1, 2] };

/** Reads a request to the model `m`, which takes `x` [-1,2] and gives `y` unless told otherwise. */
export function readRequest(
  { head, behind, headerLength }: RequestParts,
  { inputs = [pair], outputs = [answerSpec], maxBatchSize = 0, maxTensorBytes = 1_048_576 }: ReadOptions = {},
): InferRequest {
  const json = Buffer.from(typeof head === "string" ? head : JSON.stringify(head));
  const length = headerLength ?? (behind ? `${json.byteLength}` : undefined);
  const body = Buffer.concat([json, behind ?? Buffer.alloc(0)]);
  return readInferRequest(body, length, () => ({
    model: "m",
    inputs,
    outputs,
    maxBatchSize,
    maxTensorBytes,
  }));
}

/** A request whose one input is a JSON tensor; what is given replaces its members. */
export function withInput(input: object, rest: object = {}): RequestParts {
  return { head: { inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", ...input }], ...rest } };
}

/** A request whose one input lies behind the JSON part. */
export function withBinary(behind: Uint8Array, input: object = {}): RequestParts {
  const { head } = withInput({ parameters: { binary_data_size: behind.byteLength }, ...input });
  return { head, behind };
}

/** Code and message of what a read throws, or a word that no refusal is. */
export function refusalOf(read: () => unknown): string {
  try {
    read();
    return "nothing was refused";
  } catch (error) {
    return error instanceof TradewindError ? `${error.code}: ${error.message}` : `unforeseen: ${error}`;
  }
}
