import { mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { type ModelPlan, planModel } from "#inference/models/metadata.ts";
import { readOnnx } from "#inference/models/onnx.ts";
import { readModelFile } from "#inference/models/repository.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Calibration } from "./calibrate/choose-range.ts";
import { imageTensors } from "./calibrate/image-tensors.ts";
import { type ListedImages, listImages, spread } from "./list-images.ts";
import { type Comparison, compareModels } from "./measure/compare-models.ts";
import { countKernels } from "./measure/count-kernels.ts";
import { measureSpeed } from "./measure/measure-speed.ts";
import { type Labelled, readTruth } from "./measure/read-truth.ts";
import { type Chunks, sizeOf } from "./onnx/parts.ts";
import type { Mixture } from "./plan/find-mixed.ts";
import { quantizeBytes } from "./quantize-bytes.ts";
import type { QuantizeReport } from "./report.ts";
import { numberKinds, type Target } from "./targets.ts";

export type QuantizeRequest = {
  readonly model: string;
  /** A folder of images such as the model will see. */
  readonly images: string;
  readonly out: string;
  readonly target: Target;
  readonly calibration: Calibration;
  /** Other images on which both models are compared; without it, those of the calibration. */
  readonly shadow: string | undefined;
  /** Images of which it is known what is in them. */
  readonly truth: string | undefined;
  /** The least agreement, 0 to 1, and the most points of mAP50 that may be lost. */
  readonly floors: { readonly agreement: number; readonly mapLoss: number };
};

export type QuantizeSurroundings = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Whether this machine's fast way of adding whole numbers overflows. */
  readonly exactQuantized: boolean;
  /** How long the speed of both is measured. */
  readonly speedMs?: number;
  /** Told what is being done, which may take minutes. */
  readonly say: (line: string) => void;
};

/** Quantizes a model file, measures what came of it, and writes it where all floors hold. */
export async function quantizeFile(
  request: QuantizeRequest,
  surroundings: QuantizeSurroundings,
): Promise<QuantizeReport> {
  if (resolve(request.model) === resolve(request.out)) throw sameFile(request.out);
  await using resources = new AsyncDisposableStack();
  const folder = await scratchBeside(request.out);
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const images = await listImages(request.images, mostImages);
  const shadow = request.shadow === undefined ? images : await listImages(request.shadow, mostImages);
  const labelled = request.truth === undefined ? [] : spread(await readTruth(request.truth), mostImages);
  const candidate = join(folder, "candidate.onnx");
  const work = { request, surroundings, images, shadow, labelled, folder, candidate };
  const bytes = await quantizeTo(work);
  const report = await measure(work, bytes);
  if (report.isWritten) await rename(work.candidate, request.out);
  return report;
}

/** What is in one place and another more than this is looked at no further. */
const mostImages = 1_000;

type Work = {
  readonly request: QuantizeRequest;
  readonly surroundings: QuantizeSurroundings;
  readonly images: ListedImages;
  readonly shadow: ListedImages;
  readonly labelled: readonly Labelled[];
  readonly folder: string;
  readonly candidate: string;
};

async function quantizeTo({ request, surroundings, images, folder, candidate }: Work) {
  const { target, calibration, model } = request;
  const { signal, say } = surroundings;
  const bytes = await readModelFile(model);
  const plan = planModel(readOnnx(bytes));
  say(`calibrating on ${images.files.length} images`);
  const chunks = await quantizeBytes(bytes, {
    images: imageTensors(images.files, plan, signal),
    mixture: mixtureOf(plan),
    note: noteOf(request, images.files.length),
    place: async (exposed) => await put(join(folder, "calibration.onnx"), exposed),
    ...{ target, calibration, signal },
  });
  await put(candidate, chunks);
  return { before: bytes.byteLength, after: sizeOf(chunks) };
}

/** Some detectors give a box and a score for each class side by side, from one convolution. */
function mixtureOf({ head, names }: ModelPlan): Mixture | undefined {
  return head.kind === "detect" && names !== undefined ? [4, names.length] : undefined;
}

function noteOf({ target, calibration }: QuantizeRequest, count: number): string {
  const { activation, mostWeight } = numberKinds[target];
  const weights = `int8 weights per channel of at most ${mostWeight}`;
  return `for ${target}: ${activation.type} activations, ${weights}, ${calibration} over ${count} images`;
}

async function put(path: string, chunks: Chunks): Promise<string> {
  await writeFile(path, chunks, { flush: true });
  return path;
}

async function measure(work: Work, bytes: QuantizeReport["bytes"]): Promise<QuantizeReport> {
  const { request, surroundings, images, folder, candidate } = work;
  const { model, out, target, calibration, shadow, floors } = request;
  surroundings.say("measuring speed");
  const kernels = await countKernels(candidate, join(folder, "optimized.onnx"));
  const { speedMs: forMs = 3_000 } = surroundings;
  const speed = await measureSpeed({
    ...{ ...surroundings, forMs },
    before: model,
    after: candidate,
    feeds: await anImage(work),
  });
  const { agreement, accuracy } = await compare(work);
  const refusals = refusalsOf({ agreement, accuracy }, floors);
  return {
    ...{ model, out, isWritten: refusals.length === 0, refusals, target, calibration },
    images: { taken: images.files.length, found: images.found },
    ...{ bytes, kernels, speed },
    agreement: { ...agreement, isShadow: shadow !== undefined, least: floors.agreement },
    accuracy: accuracy && { ...accuracy, most: floors.mapLoss },
  };
}

async function anImage({ request, surroundings, images }: Work) {
  const plan = planModel(readOnnx(await readModelFile(request.model)));
  for await (const feeds of imageTensors(images.files.slice(0, 1), plan, surroundings.signal)()) return feeds;
  throw new Error("there is no image");
}

async function compare(work: Work): Promise<Comparison> {
  const { request, surroundings, shadow, labelled, candidate } = work;
  surroundings.say(`comparing on ${shadow.files.length} images, and on ${labelled.length} with known truth`);
  const files = { before: request.model, after: candidate, shadow: shadow.files, labelled };
  return await compareModels({ ...files, ...surroundings });
}

function refusalsOf(
  { agreement, accuracy }: Comparison,
  floors: QuantizeRequest["floors"],
): readonly string[] {
  const refusals: string[] = [];
  if (!(agreement.mean >= floors.agreement)) {
    refusals.push(
      `it agrees with the original to ${agreement.mean.toFixed(4)}, less than ${floors.agreement}`,
    );
  }
  if (accuracy && !(accuracy.lost <= floors.mapLoss)) {
    refusals.push(`it loses ${accuracy.lost.toFixed(2)} points of mAP50, more than ${floors.mapLoss}`);
  }
  return refusals;
}

async function scratchBeside(out: string): Promise<string> {
  try {
    const found = await stat(out).catch(() => undefined);
    if (found?.isDirectory()) throw new RangeError("it is a folder");
    return await mkdtemp(join(dirname(out), `.${basename(out)}-`));
  } catch (cause) {
    throw new TradewindError("folder_unusable", `${out} cannot be written`, { cause });
  }
}

function sameFile(out: string): TradewindError {
  const hint = "give --out another name: the original is what the result is held against";
  return new TradewindError("parameter_invalid", `${out} is the model itself`, { hint });
}
