import type { Parameters, TensorSpec, Tensors } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { isObject, readJsonHead } from "./json-head.ts";
import { readRawInput } from "./raw-input.ts";
import { type RequestedOutput, readRequestedOutputs } from "./read-outputs.ts";
import { readRequestParameters } from "./read-parameters.ts";
import { type NamedTensor, readHeaderLength, readTensors } from "./read-tensors.ts";
import { quote, type Side, show } from "./side.ts";

export type InferRequest = {
  readonly id: string | undefined;
  /** All that the request says beside its tensors; those that the protocol reserves are of the right type. */
  readonly parameters: Parameters;
  readonly inputs: Tensors;
  readonly inputParameters: Readonly<Record<string, Parameters>>;
  /** Undefined: all. */
  readonly outputs: readonly RequestedOutput[] | undefined;
  /** How an output comes back that does not say so itself. */
  readonly binaryByDefault: boolean;
  /** 1 comes first; 0 is the model's default. */
  readonly priority: number;
  readonly timeoutMs: number | undefined;
};

export type InferRequestOptions = {
  /** Named in what callers read. */
  readonly model?: string | undefined;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** 0: tensors as they stand; otherwise the first dimension of every input counts batch items. */
  readonly maxBatchSize: number;
  /** Decoded bytes of one tensor, and of the JSON part. */
  readonly maxTensorBytes: number;
};

/**
 * Reads an infer request: JSON, or JSON of the length that the header `Inference-Header-Content-Length` names with the
 * binary tensors behind it, or with a length of 0 nothing but the one input's bytes. What is expected may depend on the
 * names of the inputs; of a raw body there are none. Throws `request_malformed`, and `parameter_invalid` for values of the
 * request's own parameters.
 */
export function readInferRequest(
  body: Buffer,
  headerLength: string | undefined,
  optionsFor: (inputs: readonly string[]) => InferRequestOptions,
): InferRequest {
  const unread = requestSide(optionsFor([]));
  const jsonBytes = readHeaderLength(headerLength, body.byteLength, unread);
  if (jsonBytes === 0 && headerLength !== undefined) return readRawRequest(body, optionsFor([]), unread);
  const head = readJsonHead(body.subarray(0, jsonBytes), unread);
  const options = optionsFor(inputNames(head.value.inputs));
  const side = requestSide(options);
  const { binaryDataOutput, ...said } = readRequestParameters(head.value.parameters);
  const found = readTensors(head.value.inputs, head, body.subarray(jsonBytes), options.inputs, side);
  checkComplete(found, options.inputs, side);
  checkBatch(found, options.maxBatchSize, side);
  return {
    id: readId(head.value.id, side),
    ...said,
    inputs: Object.fromEntries(found.map(({ name, tensor }) => [name, tensor])),
    inputParameters: Object.fromEntries(found.map(({ name, parameters }) => [name, parameters])),
    outputs: readRequestedOutputs(head.value.outputs, options.outputs, side),
    binaryByDefault: binaryDataOutput,
  };
}

/** As far as they can be told from a request that nobody checked yet. */
function inputNames(inputs: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(inputs) ? inputs : [];
  return list.flatMap((input) => (isObject(input) && typeof input.name === "string" ? [input.name] : []));
}

function requestSide({ model, maxTensorBytes }: InferRequestOptions): Side {
  return {
    noun: "input",
    message: "request",
    ofModel: model === undefined ? "" : ` for model ${quote(model)}`,
    maxTensorBytes,
    refuse: (message, cause) => new TradewindError("request_malformed", message, { cause }),
  };
}

function readRawRequest(
  body: Buffer,
  { inputs, maxBatchSize }: InferRequestOptions,
  side: Side,
): InferRequest {
  const { name, tensor } = readRawInput(body, inputs, maxBatchSize > 0, side);
  return {
    id: undefined,
    parameters: {},
    inputs: { [name]: tensor },
    inputParameters: { [name]: {} },
    outputs: undefined,
    binaryByDefault: true,
    priority: 0,
    timeoutMs: undefined,
  };
}

/** What callers tell requests apart by; it comes back with the answer. */
const maxIdLength = 1_000;

function readId(id: unknown, { refuse }: Side): string | undefined {
  if (id === undefined || id === null) return undefined;
  if (typeof id !== "string") throw refuse(`Unable to parse 'id': ${show(id)} is not a text`);
  if (id.length <= maxIdLength) return id;
  throw refuse(`Unable to parse 'id': it has ${id.length} characters, at most ${maxIdLength}`);
}

function checkComplete(found: readonly NamedTensor[], specs: readonly TensorSpec[], side: Side): void {
  const names = found.map(({ name }) => name);
  const missing = specs.map(({ name }) => name).filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  const list = (items: readonly string[]): string => `[${items.map(quote).join(",")}]`;
  const counts = `expected ${specs.length} inputs but got ${names.length} inputs${side.ofModel}`;
  throw side.refuse(`${counts}. Got input(s) ${list(names)}, but missing required input(s) ${list(missing)}`);
}

function checkBatch(found: readonly NamedTensor[], maxBatchSize: number, { ofModel, refuse }: Side): void {
  const [first] = found;
  if (maxBatchSize === 0 || !first) return;
  const size = first.tensor.shape[0];
  const odd = found.find(({ tensor }) => tensor.shape[0] !== size);
  if (odd) throw refuse(`input ${quote(odd.name)} batch size does not match other inputs${ofModel}`);
  if (size !== undefined && size >= 1 && size <= maxBatchSize) return;
  throw refuse(
    `inference request batch-size must be <= ${maxBatchSize} and at least 1${ofModel}, got ${size}`,
  );
}
