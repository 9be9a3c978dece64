import type { TensorSpec } from "#inference/contract.ts";
import { canClassify } from "./classification.ts";
import { isObject } from "./json-head.ts";
import { readName, readParameters } from "./read-tensor-head.ts";
import { quote, type Side, show } from "./side.ts";

export type RequestedOutput = {
  readonly name: string;
  /** Undefined: as the request says for all. */
  readonly binary: boolean | undefined;
  /** So many of the highest values with their places, instead of the tensor. */
  readonly classification: number | undefined;
};

/** The outputs that a request asks for, or undefined where it asks for all. */
export function readRequestedOutputs(
  given: unknown,
  specs: readonly TensorSpec[],
  inputs: Side,
): readonly RequestedOutput[] | undefined {
  const side: Side = { ...inputs, noun: "output" };
  if (given === undefined || given === null) return undefined;
  if (!Array.isArray(given)) throw side.refuse("Unable to parse 'outputs': expected a list");
  const names = new Set<string>();
  const outputs = given.map((one: unknown) => {
    const output = readOutput(one, specs, side);
    if (names.has(output.name)) throw side.refuse(`output ${quote(output.name)} already exists in request`);
    names.add(output.name);
    return output;
  });
  return outputs.length === 0 ? undefined : outputs;
}

function readOutput(given: unknown, specs: readonly TensorSpec[], side: Side): RequestedOutput {
  if (!isObject(given)) throw side.refuse(`Unable to parse 'outputs': ${show(given)} is not an object`);
  const name = readName(given, side);
  const spec = specs.find((one) => one.name === name);
  if (!spec) throw side.refuse(`unexpected inference output ${quote(name)}${side.ofModel}`);
  const said = readParameters(given.parameters, name, side);
  const { binary_data: binary, classification, shared_memory_region: region } = said;
  if (region !== undefined) {
    throw side.refuse(`output ${quote(name)} asks for shared memory, which is not served here`);
  }
  if (binary !== undefined && typeof binary !== "boolean") {
    throw side.refuse(`Unable to parse 'binary_data' of output ${quote(name)}: ${show(binary)}`);
  }
  return { name, binary, classification: readClassification(classification, spec, side) };
}

function readClassification(given: unknown, { name, datatype }: TensorSpec, side: Side): number | undefined {
  if (given === undefined || given === 0) return undefined;
  if (typeof given !== "number" || !Number.isSafeInteger(given) || given < 0) {
    throw side.refuse(`Unable to set 'classification' of output ${quote(name)}: ${show(given)}`);
  }
  if (canClassify(datatype)) return given;
  const told = `class result not available for output due to unsupported type '${datatype}'`;
  throw side.refuse(`${told} of ${quote(name)}`);
}
