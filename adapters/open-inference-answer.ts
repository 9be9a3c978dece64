import { z } from "zod";
import type { Box, Detection, ImageAnswer, ImageSize, ModelInfo } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** The failure of a backend that answered something else than the protocol, or than sense. */
export function invalidAnswer(what: string, cause?: unknown): TradewindError {
  return new TradewindError("backend_answer_invalid", `the backend answered with ${what}`, { cause });
}

export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidAnswer("no JSON", cause);
  }
}

const side = z.int().min(1).max(65_535);

const names = z.string().transform((text, context) => {
  const parsed = z.array(z.string().max(200)).max(10_000).safeParse(readJson(text));
  if (parsed.success) return parsed.data;
  context.addIssue({ code: "custom", message: "expected a JSON list of names" });
  return z.NEVER;
});

const description = z.object({
  versions: z.array(z.string()).min(1),
  parameters: z.object({
    names,
    task: z.literal("detect"),
    precision: z.enum(["fp32", "fp16", "int8"]),
    input_width: side,
    input_height: side,
  }),
});

/** What a backend says of a model, at its latest version. */
export function readDescription(model: string, given: unknown): ModelInfo {
  const parsed = description.safeParse(given);
  const version = parsed.data?.versions.at(-1);
  if (!parsed.success || version === undefined) {
    throw invalidAnswer(`no description of model ${model} that we understand`, parsed.error);
  }
  const { input_width: width, input_height: height, ...facts } = parsed.data.parameters;
  return { name: model, version, ...facts, input: { width, height } };
}

const ms = z.number().min(0);

const inferAnswer = z.object({
  parameters: z.object({ queue_ms: ms, preprocess_ms: ms, inference_ms: ms, postprocess_ms: ms }),
  outputs: z.array(z.object({ name: z.string(), data: z.array(z.number()).max(100_000) })).max(16),
});

/** More than a caller can ask for, so that only rubbish exceeds it. */
const mostDetections = 1_000;

/** The detections of one image, each checked: a backend is somebody else's server, however friendly. */
export function readAnswer(model: ModelInfo, given: unknown): ImageAnswer {
  const parsed = inferAnswer.safeParse(given);
  if (!parsed.success) throw invalidAnswer("no detections that we understand", parsed.error);
  const { parameters, outputs } = parsed.data;
  const column = (name: string): readonly number[] =>
    outputs.find((output) => output.name === name)?.data ?? [];
  const image = readSize(column("sizes"));
  const [count = -1] = column("counts");
  if (!Number.isInteger(count) || count < 0 || count > mostDetections)
    throw invalidAnswer(`a count of ${count}`);
  const [boxes, scores, classes] = [column("boxes"), column("scores"), column("classes")];
  const detections = Array.from({ length: count }, (_, row): Detection => {
    const index = readClass(classes[row], model);
    const name = model.names[index] ?? String(index);
    return {
      name,
      class: index,
      score: readScore(scores[row]),
      box: readBox(boxes.slice(4 * row, 4 * row + 4), image),
    };
  });
  const {
    queue_ms: queue,
    preprocess_ms: preprocess,
    inference_ms: inference,
    postprocess_ms: postprocess,
  } = parameters;
  return { image, detections, timings: { queue, preprocess, inference, postprocess } };
}

function readSize([width = 0, height = 0]: readonly number[]): ImageSize {
  if (!side.safeParse(width).success || !side.safeParse(height).success)
    throw invalidAnswer(`a size of ${width} x ${height}`);
  return { width, height };
}

function readClass(index: number | undefined, { names: known }: ModelInfo): number {
  if (index !== undefined && Number.isInteger(index) && index >= 0 && index < known.length) return index;
  throw invalidAnswer(`class ${index} of a model with ${known.length}`);
}

function readScore(score: number | undefined): number {
  if (score !== undefined && score >= 0 && score <= 1) return score;
  throw invalidAnswer(`a score of ${score}`);
}

/** Rounding may put a corner a hair outside the image, which nobody minds; rubbish is far outside, and is cut all the same. */
function readBox([x1, y1, x2, y2]: readonly number[], { width, height }: ImageSize): Box {
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined)
    throw invalidAnswer("too few boxes");
  if (![x1, y1, x2, y2].every(Number.isFinite)) throw invalidAnswer("a box without end");
  const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  return { x1: within(x1, width), y1: within(y1, height), x2: within(x2, width), y2: within(y2, height) };
}
