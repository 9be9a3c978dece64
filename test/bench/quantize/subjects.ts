import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { imageTensors } from "#inference/quantize/calibrate/image-tensors.ts";
import { listImages } from "#inference/quantize/list-images.ts";
import { readGraphFile } from "#inference/quantize/onnx/graph-file.ts";
import { cutsOff } from "#inference/quantize/plan/operators.ts";
import { planPairs } from "#inference/quantize/plan/plan-pairs.ts";
import { quantizeFile } from "#inference/quantize/quantize-file.ts";
import type { QuantizeReport } from "#inference/quantize/report.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { yolov8nShape } from "../../support/yolov8n-shape.ts";
import type { BenchContext } from "../bench.ts";
import { quantizeWithPython } from "./find-python.ts";

/** A model in floats, what we make of it, and what onnxruntime's own tool makes of it. */
export type Subject = {
  readonly name: string;
  readonly floats: string;
  readonly ours: string;
  readonly report: QuantizeReport;
  /** Undefined where there is no Python. */
  readonly theirs: string | undefined;
};

export type SubjectOptions = {
  readonly name: string;
  readonly floats: string;
  readonly images: string;
  /** Images with known truth. */
  readonly truth: string | undefined;
  readonly python: string | undefined;
};

/** Both quantizers on the same model and the same images. */
export async function prepare(context: BenchContext, options: SubjectOptions): Promise<Subject> {
  const { folder, signal, say } = context;
  const { name, floats, images, truth, python } = options;
  const [ours, theirs] = [join(folder, `${name}-ours.onnx`), join(folder, `${name}-theirs.onnx`)];
  say(`quantizing ${name}`);
  const report = await quantizeFile(
    {
      ...{ model: floats, images, out: ours, target: "x64", calibration: "minmax" },
      ...{ shadow: truth, truth, floors: { agreement: 0, mapLoss: 100 } },
    },
    { clock: systemClock, signal, exactQuantized: false, speedMs: 500, say: () => undefined },
  );
  if (python === undefined) return { name, floats, ours, report, theirs: undefined };
  const { tensors, shape } = await writeTensors(context, options);
  const job = { model: floats, tensors, shape, floats: await leftInFloats(floats), out: theirs };
  await quantizeWithPython(python, job, signal);
  return { name, floats, ours, report, theirs };
}

/** The model whose speed is measured: nobody's weights, and the cost of the real one. */
export async function writeShape(folder: string): Promise<string> {
  const path = join(folder, "yolov8n-shape.onnx");
  await writeFile(path, yolov8nShape());
  return path;
}

/** What a person would have to find out and list by hand: the operations after the last weights. */
async function leftInFloats(model: string): Promise<readonly string[]> {
  const file = readGraphFile(await readFile(model));
  const { chosen } = planPairs(file);
  const left = file.nodes.filter((node) => !chosen.has(node) && !cutsOff(node, file.constants));
  return left.map(({ outputs }) => outputs[0] ?? "");
}

async function writeTensors({ folder, signal }: BenchContext, { floats, images }: SubjectOptions) {
  const plan = planModel(readOnnx(await readFile(floats)));
  const { files } = await listImages(images, 1_000);
  const tensors = join(folder, "images.bin");
  const file = await open(tensors, "w");
  try {
    for await (const feeds of imageTensors(files, plan, signal)()) {
      const data = feeds[plan.inputName]?.data;
      if (data instanceof Float32Array) await file.write(new Uint8Array(data.buffer));
    }
  } finally {
    await file.close();
  }
  return { tensors, shape: [files.length, 3, plan.input.height, plan.input.width] };
}
