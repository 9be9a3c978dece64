import type { Parameters, TensorSpec, Tensors } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isObject, readJsonHead } from "./json-head.ts";
import { isScalar } from "./read-tensor-head.ts";
import { readHeaderLength, readTensors } from "./read-tensors.ts";
import { quote, type Side } from "./side.ts";

export type InferResult = {
  readonly outputs: Tensors;
  readonly parameters: Parameters;
};

export type InferResponseOptions = {
  /** The outputs that were asked for, as the server announced them. */
  readonly outputs: readonly TensorSpec[];
  readonly maxTensorBytes: number;
};

/** Reads what another server answered to an infer request; whatever is wrong with it throws `backend_answer_invalid`. */
export function readInferResponse(
  body: Buffer,
  headerLength: string | undefined,
  { outputs: specs, maxTensorBytes }: InferResponseOptions,
): InferResult {
  const side = {
    noun: "output",
    message: "response",
    ofModel: "",
    maxTensorBytes,
    refuse,
  } as const satisfies Side;
  const jsonBytes = readHeaderLength(headerLength, body.byteLength, side);
  const head = readJsonHead(body.subarray(0, jsonBytes), side);
  const found = readTensors(head.value.outputs, head, body.subarray(jsonBytes), specs, side);
  const names = new Set(found.map(({ name }) => name));
  const missing = specs.find(({ name }) => !names.has(name));
  if (missing) throw refuse(`output ${quote(missing.name)} is missing`);
  return {
    outputs: Object.fromEntries(found.map(({ name, tensor }) => [name, tensor])),
    parameters: parametersOf(head.value.parameters),
  };
}

function refuse(message: string, cause?: unknown): TradewindError {
  const told = `the tensor server's answer cannot be read: ${message}`;
  return new TradewindError("backend_answer_invalid", told, { cause });
}

/** What else a server says is its own affair; only what can be a parameter here is kept. */
function parametersOf(given: unknown): Parameters {
  if (!isObject(given)) return {};
  const kept = Object.entries(given).filter((entry): entry is [string, string | number | boolean] =>
    isScalar(entry[1]),
  );
  return Object.fromEntries(kept);
}
