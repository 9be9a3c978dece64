import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Datatype } from "#inference/contract.ts";
import { writeColourModel } from "./colour-model.ts";
import { type WrittenModel, type WrittenTensor, writeOnnx } from "./onnx-writer.ts";

/** The element types of ONNX by the protocol's names; for BF16 the engine has no type. */
export const elementTypes = {
  BOOL: 9,
  UINT8: 2,
  UINT16: 4,
  UINT32: 12,
  UINT64: 13,
  INT8: 3,
  INT16: 5,
  INT32: 6,
  INT64: 7,
  FP16: 10,
  FP32: 1,
  FP64: 11,
  BYTES: 8,
} as const satisfies Partial<Record<Datatype, number>>;

export type ServedDatatype = keyof typeof elementTypes;

export const servedDatatypes = Object.keys(elementTypes) as readonly ServedDatatype[];

/** What `writeModels` puts into a repository. */
export const models = {
  /** INT32 [-1,16] `INPUT0` and `INPUT1`; their sum is `OUTPUT0`, their difference `OUTPUT1`. */
  simple: "simple",
  /** FP32 [-1,-1] as batches of at most 8, so that one dimension is free. */
  batched: "identity_batched",
  /** Two versions, both served. */
  twoVersions: "two_versions",
  /** Images in, boxes out; FP32 `images` [1,3,64,64] under `colours-tensor`. */
  colours: "colours",
  /** The identity of BYTES [1]. */
  oneText: "one_text",
  /** The identity of BYTES [2]. */
  twoTexts: "two_texts",
  /** FP32 [-1,-1] in batches of at most 8, for which it waits, while only one request may wait. */
  crowded: "crowded",
} as const;

/** The identity of one datatype, `INPUT0` [-1,-1] to `OUTPUT0` [-1,-1]. */
export function identityName(datatype: ServedDatatype): string {
  return `identity_${datatype.toLowerCase()}`;
}

/** A repository of small models of every kind; given names alone, only those. */
export async function writeModels(folder: string, only?: readonly string[]): Promise<void> {
  for (const [name, write] of Object.entries(writers)) {
    if (!only || only.includes(name)) await write(join(folder, name));
  }
}

type Writer = (folder: string) => Promise<unknown>;

const writers: Readonly<Record<string, Writer>> = {
  ...Object.fromEntries(
    servedDatatypes.map((datatype): [string, Writer] => [
      identityName(datatype),
      plain(identity(datatype, ["rows", "columns"])),
    ]),
  ),
  [models.simple]: plain(addAndSubtract()),
  [models.batched]: async (folder) => {
    await put(folder, "1", identity("FP32", ["batch", "n"]));
    await writeFile(join(folder, "model.yaml"), "max_batch_size: 8\nlabels:\n  OUTPUT0: [ant, bee, cat]\n");
  },
  [models.twoVersions]: async (folder) => {
    await put(folder, "1", identity("FP32", ["n"]));
    await put(folder, "2", identity("FP32", ["n"]));
    await writeFile(join(folder, "model.yaml"), "version_policy:\n  all: {}\n");
  },
  [models.colours]: (folder) => writeColourModel(join(folder, "1", "model.onnx")),
  [models.oneText]: plain(identity("BYTES", [1])),
  [models.twoTexts]: plain(identity("BYTES", [2])),
  [models.crowded]: async (folder) => {
    await put(folder, "1", identity("FP32", ["batch", "n"]));
    const batching = "{ preferred_batch_size: [8], max_queue_delay_microseconds: 500000, ";
    const queue = "default_queue_policy: { max_queue_size: 1 } }";
    await writeFile(join(folder, "model.yaml"), `max_batch_size: 8\ndynamic_batching: ${batching}${queue}\n`);
  },
};

function plain(model: WrittenModel): Writer {
  return (folder) => put(folder, "1", model);
}

async function put(folder: string, version: string, model: WrittenModel): Promise<void> {
  const path = join(folder, version, "model.onnx");
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, writeOnnx(model));
}

function identity(datatype: ServedDatatype, dims: WrittenTensor["dims"]): WrittenModel {
  const type = elementTypes[datatype];
  return {
    inputs: [{ name: "INPUT0", type, dims }],
    outputs: [{ name: "OUTPUT0", type, dims }],
    nodes: [{ op: "Identity", inputs: ["INPUT0"], outputs: ["OUTPUT0"] }],
  };
}

function addAndSubtract(): WrittenModel {
  const tensor = (name: string): WrittenTensor => ({ name, type: elementTypes.INT32, dims: ["batch", 16] });
  const inputs = ["INPUT0", "INPUT1"];
  return {
    inputs: inputs.map(tensor),
    outputs: ["OUTPUT0", "OUTPUT1"].map(tensor),
    nodes: [
      { op: "Add", inputs, outputs: ["OUTPUT0"] },
      { op: "Sub", inputs, outputs: ["OUTPUT1"] },
    ],
  };
}
