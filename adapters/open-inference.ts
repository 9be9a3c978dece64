import { Pool } from "undici";
import type { DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { invalidAnswer, readAnswer, readDescription, readJson } from "./open-inference-answer.ts";
import { questionRefusal, refusal, transportFailure } from "./open-inference-errors.ts";

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
  const images = new Pool(origin, { connections, connect: { timeout: connectTimeoutMs } });
  // Of its own, since a question behind a queue of images would make a busy backend look like a dead one.
  const questions = new Pool(origin, { connections: 1, connect: { timeout: connectTimeoutMs } });

  const call = async (pool: Pool, request: Call): Promise<unknown> => {
    try {
      const { statusCode, headers, body } = await pool.request({ ...request, path: base + request.path });
      const text = await readBounded(body, maxAnswerBytes);
      const refused = pool === questions ? questionRefusal : refusal;
      if (statusCode !== 200) throw refused(statusCode, headers, text);
      return readJson(text);
    } catch (error) {
      throw error instanceof TradewindError ? error : transportFailure(error, request.signal);
    }
  };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all([images.close(), questions.close()]).then(() => {});
    return closing;
  };
  return {
    describe: async (model, { signal }) => {
      const path = `/v2/models/${encodeURIComponent(model)}`;
      return readDescription(model, await call(questions, { method: "GET", path, signal }));
    },
    detect: async ({ model, image, options: wanted, signal }) => {
      const path = `/v2/models/${encodeURIComponent(model.name)}/versions/${encodeURIComponent(model.version)}/infer`;
      return readAnswer(
        model,
        await call(images, { method: "POST", path, signal, ...imageRequest(image, wanted) }),
      );
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
