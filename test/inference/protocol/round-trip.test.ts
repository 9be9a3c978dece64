import { expect, test } from "vitest";
import type { Datatype, Tensor, TensorSpec, Tensors } from "#inference/contract.ts";
import { datatypes, isBinaryOnly, isDatatype } from "#inference/protocol/datatypes.ts";
import { jsonText } from "#inference/protocol/json-text.ts";
import { readInferRequest } from "#inference/protocol/read-infer-request.ts";
import { readInferResponse } from "#inference/protocol/read-infer-response.ts";
import { writeInferRequest } from "#inference/protocol/write-infer-request.ts";
import { writeInferResponse } from "#inference/protocol/write-infer-response.ts";
import { type Random, seededRandom } from "#test/support/random.ts";
import { plainTensor, randomTensor, withoutInfinities } from "#test/support/random-tensor.ts";

const names = Object.keys(datatypes).filter(isDatatype);
const maxTensorBytes = 1_048_576;

function randomTensors(random: Random, types: readonly Datatype[]): Tensors {
  const count = random.integer(1, 4);
  const pick = (): Datatype => types[random.integer(0, types.length - 1)] ?? "FP32";
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`t"${index}`, randomTensor(random, pick())]),
  );
}

function specsOf(tensors: Tensors): TensorSpec[] {
  return Object.entries(tensors).map(([name, { datatype, shape }]) => ({
    name,
    datatype,
    shape: shape.map(() => -1),
  }));
}

function plain(tensors: Tensors): object {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, plainTensor(tensor)]));
}

const optionsFor = (tensors: Tensors) => () => ({
  inputs: specsOf(tensors),
  outputs: [],
  maxBatchSize: 0,
  maxTensorBytes,
});

test("random tensors of all types survive a request in binary, bit for bit", () => {
  const random = seededRandom(23);
  for (let round = 0; round < 300; round += 1) {
    const inputs = randomTensors(random, names);
    const { body, headerLength } = writeInferRequest({ inputs });
    // A place of odd alignment, as a body inside a larger memory has.
    const moved = Buffer.alloc(body.byteLength + 1).subarray(1);
    moved.set(body);
    const read = readInferRequest(moved, `${headerLength}`, optionsFor(inputs));
    expect(plain(read.inputs)).toEqual(plain(inputs));
  }
});

test("random tensors of all types that JSON knows survive a request in JSON", () => {
  const random = seededRandom(29);
  const types = names.filter((name) => !isBinaryOnly(name));
  for (let round = 0; round < 300; round += 1) {
    const entries = Object.entries(randomTensors(random, types));
    const inputs = Object.fromEntries(entries.map(([name, tensor]) => [name, withoutInfinities(tensor)]));
    const body = Buffer.from(`{"inputs":[${Object.entries(inputs).map(inputJson).join(",")}]}`);
    const read = readInferRequest(body, undefined, optionsFor(inputs));
    expect(plain(read.inputs)).toEqual(plain(inputs));
  }
});

function inputJson([name, tensor]: [string, Tensor]): string {
  const { datatype, shape } = tensor;
  return `${JSON.stringify({ name, shape, datatype }).slice(0, -1)},"data":${jsonText(tensor)}}`;
}

const answer = { model: "m", version: "1", id: undefined, parameters: {} };

test.each([
  ["binary", true],
  ["JSON", false],
])("random tensors of all types survive an answer in %s", (_, binaryByDefault) => {
  const random = seededRandom(31);
  for (let round = 0; round < 300; round += 1) {
    const entries = Object.entries(randomTensors(random, names));
    const outputs = Object.fromEntries(
      entries.map(([name, tensor]) => [name, binaryByDefault ? tensor : withoutInfinities(tensor)]),
    );
    const { body, headerLength } = writeInferResponse(
      { ...answer, outputs },
      { outputs: undefined, binaryByDefault },
    );
    const read = readInferResponse(
      Buffer.from(body),
      headerLength === undefined ? undefined : `${headerLength}`,
      {
        outputs: specsOf(outputs),
        maxTensorBytes,
      },
    );
    expect(plain(read.outputs)).toEqual(plain(outputs));
  }
});

test("a request broken anywhere is refused as one or still read, and nothing else happens", () => {
  const random = seededRandom(37);
  const refusals = new Set<string>();
  for (let round = 0; round < 2_000; round += 1) {
    const inputs = randomTensors(random, names);
    const { body, headerLength = 0 } = writeInferRequest({ inputs, id: "r", parameters: { priority: 1 } });
    const broken = Buffer.from(body);
    for (let hits = random.integer(1, 4); hits > 0; hits -= 1) {
      broken[random.integer(0, broken.byteLength - 1)] = random.bits() & 255;
    }
    const cut = broken.subarray(0, random.chance(0.2) ? random.integer(0, broken.byteLength) : undefined);
    refusals.add(outcomeOf(() => readInferRequest(cut, `${headerLength}`, optionsFor(inputs))));
  }
  expect([...refusals].sort()).toEqual(["read", "request_malformed"]);
});

function outcomeOf(read: () => unknown): string {
  try {
    read();
    return "read";
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
