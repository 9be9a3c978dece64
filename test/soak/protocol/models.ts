import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeColourModel } from "../../support/colour-model.ts";
import { type WrittenModel, type WrittenTensor, writeOnnx } from "../../support/onnx-writer.ts";

/** The models under fire, by name. */
export const models = {
  /** Images in, boxes out; its tensors under `colours-tensor`. */
  colours: "colours",
  /** A model that may come and go: nobody counts on its answers. */
  spare: "spare",
  /** INT32 [-1,16] `INPUT0` and `INPUT1`, their sum `OUTPUT0` and their difference `OUTPUT1`. */
  sum: "sum",
  /** FP32 [-1,-1] in batches of at most 8, with labels. */
  batch: "batch",
  /** The same put together with other requests, by priority, with room for many that wait. */
  crowd: "crowd",
  /** FP32 [-1] in two versions. */
  versions: "versions",
  /** BYTES [1]. */
  oneText: "one_text",
} as const;

const elementTypes = { BOOL: 9, UINT8: 2, INT64: 7, FP16: 10, FP32: 1, FP64: 11, BYTES: 8 } as const;

export type EchoType = keyof typeof elementTypes;

/** The identity of one datatype, `INPUT0` [-1] to `OUTPUT0` [-1]. */
export function echoOf(datatype: EchoType): string {
  return `echo_${datatype.toLowerCase()}`;
}

export async function writeModels(folder: string): Promise<void> {
  for (const datatype of Object.keys(elementTypes) as EchoType[]) {
    await put(join(folder, echoOf(datatype)), echo(datatype, ["n"]));
  }
  await put(join(folder, models.oneText), echo("BYTES", [1]));
  await put(join(folder, models.sum), addAndSubtract());
  await put(join(folder, models.batch), echo("FP32", ["batch", "n"]), batchYaml);
  await put(join(folder, models.crowd), echo("FP32", ["batch", "n"]), crowdYaml);
  await put(join(folder, models.versions), echo("FP32", ["n"]), "version_policy: { all: {} }\n", ["1", "2"]);
  for (const name of [models.colours, models.spare]) {
    await writeColourModel(join(folder, name, "1", "model.onnx"));
  }
}

const batchYaml = `max_batch_size: 8
labels:
  OUTPUT0: [ant, bee, cat]
`;

const crowdYaml = `max_batch_size: 8
dynamic_batching:
  max_queue_delay_microseconds: 500
  priority_levels: 3
  default_priority_level: 2
  default_queue_policy:
    allow_timeout_override: true
    max_queue_size: 600
`;

async function put(folder: string, model: WrittenModel, yaml?: string, versions = ["1"]): Promise<void> {
  for (const version of versions) {
    await mkdir(join(folder, version), { recursive: true });
    await writeFile(join(folder, version, "model.onnx"), writeOnnx(model));
  }
  if (yaml !== undefined) await writeFile(join(folder, "model.yaml"), yaml);
}

function echo(datatype: EchoType, dims: WrittenTensor["dims"]): WrittenModel {
  const type = elementTypes[datatype];
  return {
    inputs: [{ name: "INPUT0", type, dims }],
    outputs: [{ name: "OUTPUT0", type, dims }],
    nodes: [{ op: "Identity", inputs: ["INPUT0"], outputs: ["OUTPUT0"] }],
  };
}

function addAndSubtract(): WrittenModel {
  const tensor = (name: string): WrittenTensor => ({ name, type: 6, dims: ["batch", 16] });
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
