import type { Parameters, Tensor, TensorSpec } from "#inference/contract.ts";
import { checkSize, readBinaryTensor } from "./binary-tensor.ts";
import { readJsonData } from "./json-data.ts";
import { isObject, type JsonHead } from "./json-head.ts";
import { readTensorHead } from "./read-tensor-head.ts";
import { quote, type Side } from "./side.ts";

export type NamedTensor = {
  readonly name: string;
  readonly tensor: Tensor;
  /** What was said of it, without what only tells where its bytes lie. */
  readonly parameters: Parameters;
};

/** The length of the JSON part, which is everything where the header is absent. */
export function readHeaderLength(header: string | undefined, total: number, side: Side): number {
  if (header === undefined) return total;
  const length = /^\s*\d{1,15}\s*$/.test(header) ? Number(header) : Number.NaN;
  if (length <= total) return length;
  const range = `inference header size should be in range (0, ${total})`;
  throw side.refuse(`${range}, got: ${header.slice(0, 40)} in Inference-Header-Content-Length`);
}

/** The tensors of a message, in their order: each in the JSON part, or behind it in the order of their mention. */
export function readTensors(
  list: unknown,
  { data }: JsonHead,
  binary: Buffer,
  specs: readonly TensorSpec[],
  side: Side,
): readonly NamedTensor[] {
  const found = new Set<string>();
  const rest = { binary, at: 0 };
  const tensors = listOf(list, side).map((given) => {
    const head = readTensorHead(given, specs, side);
    if (found.has(head.name))
      throw side.refuse(`${side.noun} ${quote(head.name)} already exists in ${side.message}`);
    found.add(head.name);
    checkSize(head, side);
    const { name, parameters, size } = head;
    const tensor =
      size === undefined
        ? readJsonData(textOf(given, data, name, side), head, side)
        : readBinaryTensor(take(rest, size, name, side), head, side);
    return { name, tensor, parameters };
  });
  if (rest.at === binary.byteLength) return tensors;
  const extra = `${binary.byteLength - rest.at} bytes behind the last ${side.noun}`;
  throw side.refuse(`unexpected additional ${side.noun} data${side.ofModel}: ${extra}`);
}

function listOf(list: unknown, { noun, refuse }: Side): readonly unknown[] {
  if (Array.isArray(list)) return list;
  throw refuse(`Unable to parse '${noun}s': ${list === undefined ? "it is missing" : "expected a list"}`);
}

/** The list that was cut out of the JSON part; `checkSource` has seen that there is one. */
function textOf(given: unknown, data: readonly Buffer[], name: string, { noun, refuse }: Side): Buffer {
  const index = isObject(given) ? given.data : undefined;
  const text = typeof index === "number" ? data[index] : undefined;
  if (text) return text;
  throw refuse(`Unable to parse 'data' of ${noun} ${quote(name)}`);
}

/** The next bytes behind the JSON part. */
function take(rest: { readonly binary: Buffer; at: number }, size: number, name: string, side: Side): Buffer {
  const missing = rest.at + size - rest.binary.byteLength;
  if (missing > 0) {
    const told = `expecting ${missing} additional bytes${side.ofModel}`;
    throw side.refuse(`unexpected size for ${side.noun} ${quote(name)}, ${told}`);
  }
  rest.at += size;
  return rest.binary.subarray(rest.at - size, rest.at);
}
