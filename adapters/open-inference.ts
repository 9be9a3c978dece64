import { Pool } from "undici";
import { z } from "zod";
import type { Detection, DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { refusal, transportFailure } from "./open-inference-errors.ts";

export type DetectCall = {
  readonly model: ModelInfo;
  readonly image: Uint8Array;
  readonly options: DetectOptions;
  readonly signal: AbortSignal;
};

/** The one data plane: an encoded image goes out, detections come back, whoever runs the server. */
export type OpenInferenceClient = AsyncDisposable & {
  readonly describe: (model: string, options: { readonly signal: AbortSignal }) => Promise<ModelInfo>;
  readonly detect: (call: DetectCall) => Promise<ImageAnswer>;
  readonly close: () => Promise<void>;
};

export type ClientOptions = {
  readonly url: string;
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** An answer larger than this is cut off: the largest honest one, 300 boxes for 16 images, is under 1 MB of JSON. */
  readonly maxAnswerBytes?: number;
};

export function createOpenInferenceClient(options: ClientOptions): OpenInferenceClient {
  const { url, connections = 64, connectTimeoutMs = 2_000, maxAnswerBytes = 4_194_304 } = options;
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/+$/, "");
  const pool = new Pool(origin, { connections, connect: { timeout: connectTimeoutMs } });

  const call = async (request: Call): Promise<unknown> => {
    try {
      const { statusCode, headers, body } = await pool.request({ ...request, path: base + request.path });
      const text = await readBounded(body, maxAnswerBytes);
      if (statusCode !== 200) throw refusal(statusCode, headers, text);
      return parseJson(text);
    } catch (error) {
      throw error instanceof TradewindError ? error : transportFailure(error, request.signal);
    }
  };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= pool.close();
    return closing;
  };
  return {
    describe: async (model, { signal }) => {
      const path = `/v2/models/${encodeURIComponent(model)}`;
      return toModelInfo(model, await call({ method: "GET", path, signal }));
    },
    detect: async ({ model, image, options: wanted, signal }) => {
      const path = `/v2/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}/infer`;
      return toAnswer(model, await call({ method: "POST", path, signal, ...imageRequest(image, wanted) }));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Call = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly signal: AbortSignal;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
};

/** The binary tensor extension: a JSON head, then the tensor, which is the image behind its length. */
function imageRequest(image: Uint8Array, { conf, iou, maxDetections }: DetectOptions) {
  const head = JSON.stringify({
    inputs: [
      {
        name: "image",
        shape: [1],
        datatype: "BYTES",
        parameters: { binary_data_size: image.byteLength + 4 },
      },
    ],
    parameters: { conf, iou, max_detections: maxDetections },
  });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(image.byteLength);
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": String(Buffer.byteLength(head)),
  };
  return { headers, body: Buffer.concat([Buffer.from(head), length, image]) };
}

async function readBounded(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw invalidAnswer(`more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalidAnswer("no JSON", cause);
  }
}

const description = z.object({
  name: z.string(),
  versions: z.array(z.string()).min(1),
  parameters: z.object({
    names: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
    task: z.literal("detect"),
    precision: z.enum(["fp32", "fp16", "int8"]),
    input_width: z.number(),
    input_height: z.number(),
  }),
});

function toModelInfo(model: string, given: unknown): ModelInfo {
  const parsed = description.safeParse(given);
  const version = parsed.data?.versions.at(-1);
  if (!parsed.success || version === undefined) {
    throw invalidAnswer(`no description of model ${model} that we understand`, parsed.error);
  }
  const { names, task, precision, input_width: width, input_height: height } = parsed.data.parameters;
  return { name: model, version, names, task, precision, input: { width, height } };
}

const inferAnswer = z.object({
  parameters: z.object({
    queue_ms: z.number(),
    preprocess_ms: z.number(),
    inference_ms: z.number(),
    postprocess_ms: z.number(),
  }),
  outputs: z.array(z.object({ name: z.string(), data: z.array(z.number()) })),
});

function toAnswer(model: ModelInfo, given: unknown): ImageAnswer {
  const parsed = inferAnswer.safeParse(given);
  if (!parsed.success) throw invalidAnswer("no detections that we understand", parsed.error);
  const { parameters, outputs } = parsed.data;
  const column = (name: string): readonly number[] =>
    outputs.find((output) => output.name === name)?.data ?? [];
  const [width, height] = column("sizes");
  const [count] = column("counts");
  if (width === undefined || height === undefined || count === undefined)
    throw invalidAnswer("no sizes or counts");
  return {
    image: { width, height },
    detections: toDetections(model, count, column("boxes"), column("scores"), column("classes")),
    timings: {
      queue: parameters.queue_ms,
      preprocess: parameters.preprocess_ms,
      inference: parameters.inference_ms,
      postprocess: parameters.postprocess_ms,
    },
  };
}

function toDetections(
  { names }: ModelInfo,
  count: number,
  boxes: readonly number[],
  scores: readonly number[],
  classes: readonly number[],
): Detection[] {
  return Array.from({ length: count }, (_, row) => {
    const [x1, y1, x2, y2] = boxes.slice(4 * row, 4 * row + 4);
    const [score, index] = [scores[row], classes[row]];
    if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined)
      throw invalidAnswer("too few boxes");
    if (score === undefined || index === undefined) throw invalidAnswer("too few scores or classes");
    return { name: names[index] ?? String(index), class: index, score, box: { x1, y1, x2, y2 } };
  });
}

function invalidAnswer(what: string, cause?: unknown): TradewindError {
  return new TradewindError("backend_answer_invalid", `the backend answered with ${what}`, { cause });
}
