import { type Golden, type GoldenDetection, golden, mostGoldenBytes } from "#inference/artefacts/golden.ts";
import { agreementOfGolden } from "#inference/artefacts/golden-agreement.ts";
import { detectDefaults } from "#inference/heads/detect.ts";
import type { ModelFile } from "#inference/models/repository.ts";
import { readModelFile } from "#inference/models/repository.ts";
import { type OpenModel, openModel } from "#inference/open-model.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import { allFinite } from "./all-finite.ts";
import { measureSpeeds } from "./measure-speeds.ts";
import type { SelfTestAnswer, SelfTestTask } from "./words.ts";

export type Surroundings = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Of this process, bytes. */
  readonly readRss: () => number;
  /** The candidate alone has been measured; what comes is not its own. */
  readonly onMeasured: () => void;
};

/** Opens a candidate the way it would run, asks it about the golden images, and says what came of it. */
export async function tryCandidate(task: SelfTestTask, surroundings: Surroundings): Promise<SelfTestAnswer> {
  const known = await readGolden(task.golden);
  if (!known) return { kind: "refused", cause: "corrupted", detail: "its golden images cannot be read" };
  try {
    return await measured(task, known, surroundings);
  } catch (error) {
    const { message } = asTradewindError(error);
    return { kind: "refused", cause: "self_test_failed", detail: message.slice(0, 1_000) };
  }
}

async function readGolden(path: string): Promise<Golden | undefined> {
  try {
    const text = Buffer.from(await readModelFile(path, { maxBytes: mostGoldenBytes })).toString();
    return golden.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function measured(
  task: SelfTestTask,
  known: Golden,
  surroundings: Surroundings,
): Promise<SelfTestAnswer> {
  const { clock, signal, readRss, onMeasured } = surroundings;
  const images = known.images.map(({ image }) => Buffer.from(image, "base64"));
  const before = readRss();
  await using candidate = await open(task.candidate, task, surroundings);
  const answers: (readonly GoldenDetection[])[] = [];
  for (const image of images) {
    const answer = await candidate.detect?.(image, { options: detectDefaults, signal });
    answers.push(answer?.detections ?? []);
  }
  const isSound = await allFinite(candidate, images, { signal });
  const memoryBytes = Math.max(0, readRss() - before);
  onMeasured();
  const agreement = agreementOfGolden(known, answers);
  await using active = task.active ? await openIfAble(task.active, task, surroundings) : undefined;
  const speeds = await measureSpeeds({ candidate, active, images, clock, signal });
  return { kind: "measured", agreement, isSound, memoryBytes, speeds };
}

function open(
  file: ModelFile,
  { exactQuantized }: SelfTestTask,
  { clock, signal }: Surroundings,
): Promise<OpenModel> {
  return openModel(file, { workers: 1, imagesOnly: true, exactQuantized, clock, signal });
}

/** That what runs now cannot be opened is not the candidate's fault. */
async function openIfAble(
  file: ModelFile,
  task: SelfTestTask,
  surroundings: Surroundings,
): Promise<OpenModel | undefined> {
  try {
    return await open(file, task, surroundings);
  } catch {
    return undefined;
  }
}
