import type { Parameters, TensorSpec } from "#inference/contract.ts";
import { isDatatype, showShape } from "./datatypes.ts";
import type { TensorHead } from "./json-data.ts";
import { isObject } from "./json-head.ts";
import { quote, type Side, show } from "./side.ts";

/** One tensor as the JSON part describes it. */
export type TensorMention = TensorHead & {
  readonly parameters: Parameters;
  /** Of the bytes behind the JSON part; undefined where the data is in it. */
  readonly size: number | undefined;
};

/** Reads what a message says of a tensor and holds it against what was announced, before its data is looked at. */
export function readTensorHead(given: unknown, specs: readonly TensorSpec[], side: Side): TensorMention {
  const { noun, ofModel, refuse } = side;
  if (!isObject(given)) throw refuse(`Unable to parse '${noun}s': ${show(given)} is not an object`);
  const name = readName(given, side);
  const { binary_data_size: size, ...parameters } = readParameters(given.parameters, name, side);
  checkSource(given, size, parameters, name, side);
  const { datatype } = given;
  if (!isDatatype(datatype)) throw refuse(`invalid datatype ${show(datatype)} for ${noun} ${quote(name)}`);
  const shape = readShape(given.shape, name, side);
  const spec = specs.find((one) => one.name === name);
  if (!spec) throw refuse(`unexpected inference ${noun} ${quote(name)}${ofModel}`);
  checkAgainst(spec, { name, datatype, shape }, side);
  return { name, datatype, shape, parameters, size: readSize(size, name, side) };
}

export function readName(given: Readonly<Record<string, unknown>>, { refuse }: Side): string {
  const { name } = given;
  if (typeof name === "string") return name;
  throw refuse(`Unable to parse 'name': ${show(name)} is not a text`);
}

/** What is said of one tensor: texts, numbers and truths. */
export function readParameters(given: unknown, name: string, { noun, refuse }: Side): Parameters {
  if (given === undefined || given === null) return {};
  if (!isObject(given)) throw refuse(`Unable to parse 'parameters' of ${noun} ${quote(name)}: not an object`);
  const wrong = Object.entries(given).find(([, value]) => !isScalar(value));
  if (!wrong) return given as Parameters;
  const wanted = "expected a text, a number or a truth value";
  throw refuse(`parameter ${quote(wrong[0])} of ${noun} ${quote(name)} is ${show(wrong[1])}, ${wanted}`);
}

export function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** Exactly one place holds a tensor's data, and memory shared with another process is none of ours. */
function checkSource(
  given: Readonly<Record<string, unknown>>,
  size: unknown,
  { shared_memory_region: region }: Parameters,
  name: string,
  { noun, refuse }: Side,
): void {
  const set = [
    ...(typeof given.data === "number" ? ["'data'"] : []),
    ...(size === undefined ? [] : ["'binary_data_size'"]),
    ...(region === undefined ? [] : ["'shared_memory_region'"]),
  ];
  if (set.length !== 1) {
    const fields = "'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'";
    const problem = set.length === 0 ? "no field is set" : `set ${set.join(" ")}`;
    const kind = noun === "input" ? "Input" : "Output";
    throw refuse(`${kind} must set only one of the following fields: ${fields}. But ${problem}`);
  }
  if (region === undefined) return;
  throw refuse(`${noun} ${quote(name)} lies in shared memory, which is not served here`);
}

/** More dimensions than any tensor has. */
const maxRank = 32;

function readShape(given: unknown, name: string, { noun, refuse }: Side): readonly number[] {
  const where = `of ${noun} ${quote(name)}`;
  if (!Array.isArray(given))
    throw refuse(`Unable to parse 'shape' ${where}: expected a list of whole numbers`);
  if (given.length > maxRank) throw refuse(`Unable to parse 'shape' ${where}: ${given.length} dimensions`);
  const sizes: readonly unknown[] = given;
  const wrong = sizes.findIndex((size) => !Number.isSafeInteger(size) || Number(size) < 0);
  if (wrong < 0) return sizes.map(Number);
  throw refuse(`Unable to parse 'shape' ${where}: ${show(sizes[wrong])} is not a whole number from 0`);
}

function checkAgainst(spec: TensorSpec, { name, datatype, shape }: TensorSpec, side: Side): void {
  const { noun, ofModel, refuse } = side;
  if (datatype !== spec.datatype) {
    const wanted = `but${ofModel.replace(" for", "") || " the model"} expects '${spec.datatype}'`;
    throw refuse(`inference ${noun} ${quote(name)} data-type is '${datatype}', ${wanted}`);
  }
  const fits = spec.shape.every((size, index) => size === -1 || size === shape[index]);
  if (fits && spec.shape.length === shape.length) return;
  const told = `Expected ${showShape(spec.shape)}, got ${showShape(shape)}`;
  throw refuse(`unexpected shape for ${noun} ${quote(name)}${ofModel}. ${told}`);
}

function readSize(size: unknown, name: string, { noun, refuse }: Side): number | undefined {
  if (size === undefined) return undefined;
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) return size;
  throw refuse(`Unable to parse 'binary_data_size' of ${noun} ${quote(name)}: ${show(size)}`);
}
