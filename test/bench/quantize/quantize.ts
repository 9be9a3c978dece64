import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tensors } from "#inference/contract.ts";
import { toFeeds } from "#inference/engine/onnx-tensor.ts";
import { compareModels } from "#inference/quantize/measure/compare-models.ts";
import { countKernels } from "#inference/quantize/measure/count-kernels.ts";
import { readTruth } from "#inference/quantize/measure/read-truth.ts";
import { openSession } from "#inference/quantize/open-session.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { hasVnni } from "#infra/runtime/hardware/cpu.ts";
import { seededRandom } from "../../support/random.ts";
import type { Bench, BenchContext, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { findPython } from "./find-python.ts";
import { prepare, type Subject, writeShape } from "./subjects.ts";
import { writeSceneFolder } from "./write-scene-folder.ts";

export const quantizeBench: Bench = {
  name: "quantize",
  describe:
    "what our quantizer makes of a model: kernels, size, speed and accuracy beside the floats and Python's",
  async *run(context) {
    const { folder, root, quick, say } = context;
    const python = await findPython(context);
    say("drawing scenes");
    const [calibration, held] = quick ? [4, 4] : [200, 1_000];
    const images = await writeSceneFolder(join(folder, "images"), {
      ...{ count: calibration, seed: 2_000_000, split: "validation" },
    });
    const truth = await writeSceneFolder(join(folder, "truth"), {
      ...{ count: held, seed: 3_000_000, split: "held-out" },
    });
    const few = await writeSceneFolder(join(folder, "few"), {
      count: 4,
      seed: 2_000_000,
      split: "validation",
    });
    const shape = await prepare(context, {
      ...{ name: "yolov8n-shape", floats: await writeShape(folder), images: few, truth: undefined, python },
    });
    yield* measureKernels(context, shape);
    yield* measureSpeed(context, shape, 640);
    for (const name of ["digits-n", "digits-s"]) {
      const floats = join(root, "inference/models/demo", name, "1/model.onnx");
      const subject = await prepare(context, { name, floats, images, truth, python });
      yield* measureKernels(context, subject);
      yield* measureAccuracy(context, subject, truth);
      yield* measureSpeed(context, subject, 320);
    }
  },
};

/** Operators of whole numbers in the graph that the runtime computes; without Python, as its tool was seen to leave of the same graph. */
const published: Readonly<Record<string, number>> = { "yolov8n-shape": 196, "digits-n": 27, "digits-s": 39 };

async function* measureKernels({ folder }: BenchContext, subject: Subject): AsyncIterable<Measured> {
  const { name, report, theirs } = subject;
  const scratch = join(folder, "optimized.onnx");
  const [ours, reference] = [
    wholeIn(report.kernels),
    theirs ? wholeIn(await countKernels(theirs, scratch)) : (published[name] ?? 0),
  ];
  const against = theirs ? "python" : "python, noted";
  const kernels = Object.entries(report.kernels).filter(([op]) => op.startsWith("QLinear"));
  const note = kernels.map(([op, count]) => `${count} ${op}`).join(", ");
  const shared = { case: name, against } as const;
  const counted = { ...shared, metric: "kernels", unit: "", better: "higher", floor: 1, note } as const;
  yield { ...counted, ours: [ours], theirs: [reference] };
  const { before, after } = report.bytes;
  const size = { case: name, metric: "size", unit: "MB", better: "lower", against: "fp32" } as const;
  yield { ...size, ours: [after / 1e6], theirs: [before / 1e6] };
}

function wholeIn(kernels: Readonly<Record<string, number>>): number {
  const whole = Object.entries(kernels).filter(([op]) => /^QLinear|^QGemm/.test(op));
  return whole.reduce((sum, [, count]) => sum + count, 0);
}

/** Runs a second on one thread; the floor is for the shape of a real detector, on a processor with the instructions for it. */
async function* measureSpeed(context: BenchContext, subject: Subject, side: number): AsyncIterable<Measured> {
  const { name, floats, ours, theirs } = subject;
  const paths = [ours, floats, ...(theirs ? [theirs] : [])];
  const runs = context.quick ? 1 : side === 640 ? 5 : 100;
  const sides = await speeds(context, paths, { side, runs });
  const judged = hasVnni(await readFile("/proc/cpuinfo", "utf8").catch(() => ""));
  const isShape = name === "yolov8n-shape";
  const shared = { case: name, metric: "speed", unit: "/s", better: "higher" } as const;
  const [first = [], second = [], third] = sides;
  const floor = isShape && judged ? { floor: 1.5, aim: 1.8 } : {};
  const note = judged ? {} : { note: "not judged: this processor has no VNNI" };
  yield { ...shared, ...floor, ...note, against: "fp32", ours: first, theirs: second };
  if (third) yield { ...shared, against: "python", ours: first, theirs: third };
}

async function speeds(
  { rounds, signal }: BenchContext,
  paths: readonly string[],
  { side, runs }: { readonly side: number; readonly runs: number },
): Promise<readonly (readonly number[])[]> {
  await using resources = new AsyncDisposableStack();
  const feeds = toFeeds(noise(side));
  const sides: (() => Promise<number>)[] = [];
  for (const path of paths) {
    const session = await openSession(path, { threads: 1 });
    resources.defer(() => session.release());
    sides.push(async () => {
      const started = performance.now();
      for (let run = 0; run < runs; run += 1) await session.run(feeds);
      return (1_000 * runs) / (performance.now() - started);
    });
  }
  return await interleave(sides, { rounds: rounds(11), warmUpRounds: 1, signal });
}

function noise(side: number): Tensors {
  const random = seededRandom(83);
  const data = Float32Array.from({ length: 3 * side * side }, () => random.between(0, 1));
  return { images: { datatype: "FP32", shape: [1, 3, side, side], data } };
}

async function* measureAccuracy(
  { quick, signal }: BenchContext,
  { name, floats, theirs, report }: Subject,
  truth: string,
): AsyncIterable<Measured> {
  const { accuracy, agreement } = report;
  if (!accuracy) throw new Error("the truth was not held against it");
  const note = `${accuracy.images} held-out scenes, mAP50 ${accuracy.before.map50.toFixed(4)} in floats`;
  const points = {
    case: name,
    metric: "mAP50 lost",
    unit: "points",
    better: "lower",
    against: "limit",
  } as const;
  yield { ...points, floor: 1, aim: 0.5, note, ours: [accuracy.lost] };
  const agreed = { case: name, metric: "agreement", unit: "", better: "higher", against: "limit" } as const;
  yield { ...agreed, floor: 0.9, ours: [agreement.mean] };
  if (theirs === undefined) return;
  const labelled = await readTruth(truth);
  const files = { before: floats, after: theirs, shadow: [], labelled };
  const peer = await compareModels({ ...files, exactQuantized: false, clock: systemClock, signal });
  if (!peer.accuracy) throw new Error("the truth was not held against Python's");
  const shared = { case: name, unit: "", better: "higher", against: "python" } as const;
  const floor = quick ? {} : { floor: 1 };
  const { after } = accuracy;
  const other = peer.accuracy.after;
  yield { ...shared, ...floor, metric: "mAP50", ours: [after.map50], theirs: [other.map50] };
  yield { ...shared, metric: "mAP50-95", ours: [after.map50To95], theirs: [other.map50To95] };
}
