import { readFile } from "node:fs/promises";
import type { Detection, DetectOptions } from "#inference/contract.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import { type OpenModel, openModel } from "#inference/open-model.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Accuracy, Agreement } from "../report.ts";
import { agreementOf } from "./agreement.ts";
import { type Judged, meanAveragePrecision } from "./mean-average-precision.ts";
import type { Labelled } from "./read-truth.ts";

export type CompareOptions = {
  readonly before: string;
  readonly after: string;
  /** The images that both are asked about. */
  readonly shadow: readonly string[];
  readonly labelled: readonly Labelled[];
  /** Whole numbers are added up exactly also where this machine's fast way overflows. */
  readonly exactQuantized: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

export type Comparison = {
  readonly agreement: Pick<Agreement, "mean" | "worst" | "images">;
  readonly accuracy: Pick<Accuracy, "before" | "after" | "lost" | "images"> | undefined;
};

/** Asks both models about the same images, through the same path that callers' images take. */
export async function compareModels(options: CompareOptions): Promise<Comparison> {
  await using before = await open(options.before, options);
  await using after = await open(options.after, options);
  const agreement = await compareAnswers(before, after, options);
  const accuracy = options.labelled.length > 0 ? await compareAccuracy(before, after, options) : undefined;
  return { agreement, accuracy };
}

async function open(path: string, { exactQuantized, clock, signal }: CompareOptions): Promise<OpenModel> {
  const file = { name: "model", version: "1", path };
  return await openModel(file, { workers: 1, exactQuantized, imagesOnly: true, clock, signal });
}

async function compareAnswers(before: OpenModel, after: OpenModel, { shadow, signal }: CompareOptions) {
  const task = before.info?.task ?? "detect";
  const { conf } = detectDefaults;
  let [sum, worst] = [0, { agreement: 1, file: shadow[0] ?? "" }];
  for (const file of shadow) {
    const [one, other] = await both(before, after, { file, options: detectDefaults, signal });
    const agreement = agreementOf(one, other, { task, conf });
    sum += agreement;
    if (agreement < worst.agreement) worst = { agreement, file };
  }
  return { mean: sum / Math.max(1, shadow.length), worst, images: shadow.length };
}

/** As the measure is published: hardly a threshold, so that the order of all that was found counts. */
const measured: DetectOptions = { conf: 0.001, iou: 0.7, maxDetections: 300 };

async function compareAccuracy(before: OpenModel, after: OpenModel, { labelled, signal }: CompareOptions) {
  const [judgedBefore, judgedAfter]: [Judged[], Judged[]] = [[], []];
  for (const { file, truth } of labelled) {
    const [one, other] = await both(before, after, { file, options: measured, signal });
    judgedBefore.push({ detections: one, truth });
    judgedAfter.push({ detections: other, truth });
  }
  const [first, last] = [meanAveragePrecision(judgedBefore), meanAveragePrecision(judgedAfter)];
  const lost = 100 * (first.map50 - last.map50);
  return { before: first, after: last, lost, images: labelled.length };
}

type Asked = { readonly file: string; readonly options: DetectOptions; readonly signal: AbortSignal };

async function both(
  before: OpenModel,
  after: OpenModel,
  { file, options, signal }: Asked,
): Promise<readonly [readonly Detection[], readonly Detection[]]> {
  try {
    const image = await readFile(file);
    const ask = async (model: OpenModel) =>
      (await model.detect?.(image, { options, signal }))?.detections ?? [];
    return await Promise.all([ask(before), ask(after)]);
  } catch (error) {
    const { code, message } = asTradewindError(error);
    if (!code.startsWith("image_")) throw error;
    throw new TradewindError(code, `${file}: ${message}`, { cause: error });
  }
}
