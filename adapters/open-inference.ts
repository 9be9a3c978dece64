import { Pool } from "undici";
import type { DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";
import type { Authorize } from "./authorize.ts";
import { connectTo } from "./connect-to.ts";
import { readAnswer } from "./open-inference-answer.ts";
import { type DescribedModel, readDescription } from "./open-inference-description.ts";
import { questionRefusal, refusal } from "./open-inference-errors.ts";
import type { Exchanged, SentRequest } from "./open-inference-exchange.ts";
import { imageRequest, passedHeaders } from "./open-inference-request.ts";
import { sendAuthorized, sendPlainly } from "./send-request.ts";

export type { DescribedModel } from "./open-inference-description.ts";

export type DescribeOptions = {
  /** The latest, where none is named. */
  readonly version?: string;
  readonly signal: AbortSignal;
};

export type DetectCall = {
  readonly model: ModelInfo;
  /** The encoded image; pieces are sent one behind the other. */
  readonly image: Uint8Array | readonly Uint8Array[];
  readonly options: DetectOptions;
  /** The caller's trace goes on with the request. */
  readonly trace?: TraceContext;
  readonly signal: AbortSignal;
};

/** A request as its caller made it. */
export type PassCall = {
  readonly method: "GET" | "POST";
  /** Below the backend's own address, with the query if there is one. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
  /** A larger answer is refused as `backend_answer_invalid`. */
  readonly maxBytes: number;
  /** About a model, and not work for it: such a one need not wait behind a queue of images. */
  readonly isQuestion?: boolean;
  /** Called when a connection takes the request; before, nobody can have done any work for it. */
  readonly onSent?: () => void;
};

/** Whatever a backend answered, success or not; its body is as it came, compressed if it came so. */
export type PassAnswer = Exchanged;

/** The one data plane: an encoded image goes out, detections come back, whoever runs the server. */
export type OpenInferenceClient = AsyncDisposable & {
  readonly describe: (model: string, options: DescribeOptions) => Promise<DescribedModel>;
  readonly detect: (call: DetectCall) => Promise<ImageAnswer>;
  /** Fails only where nothing came back; a refusal is an answer. */
  readonly pass: (call: PassCall) => Promise<PassAnswer>;
  /** For whoever calls the same backend beside it. */
  readonly address?: BackendAddress;
  readonly close: () => Promise<void>;
};

/** Where a backend is, and what lets calls in there. */
export type BackendAddress = {
  readonly url: string;
  /** Where a backend lets nobody in without credentials. */
  readonly authorize?: Authorize | undefined;
  /** Where to connect to, instead of where the name in the address leads. */
  readonly at?: string | undefined;
};

export type ClientOptions = BackendAddress & {
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** An answer larger than this is cut off: 300 masks of a large image take 1 MB, boxes a hundredth of that. */
  readonly maxAnswerBytes?: number;
};

export function createOpenInferenceClient(options: ClientOptions): OpenInferenceClient {
  const { url, connections = 64, connectTimeoutMs = 2_000, maxAnswerBytes: maxBytes = 4_194_304 } = options;
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/+$/, "");
  const { at, authorize } = options;
  const connect = connectTo(at, connectTimeoutMs);
  const images = new Pool(origin, { connections, connect });
  // Of its own, since a question behind a queue of images would make a busy backend look like a dead one.
  const questions = new Pool(origin, { connections: 1, connect });
  // Of callers: however many they ask, whether the backend lives is found out beside them.
  const passedQuestions = new Pool(origin, { connections: 4, connect });
  const pools = [images, questions, passedQuestions];
  const pathOf = inferPaths(base);
  const send = authorize ? sendAuthorized(authorize) : sendPlainly;

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all(pools.map((pool) => pool.close())).then(() => {});
    return closing;
  };
  return {
    describe: async (model, { version, signal }) => {
      const path = base + modelPath(model, version);
      const request: SentRequest = { method: "GET", path, headers: [], body: undefined, signal, maxBytes };
      const answer = await send(questions, request);
      if (answer.status !== 200) throw questionRefusal(answer.status, answer.headers, textOf(answer));
      return readDescription(model, version, textOf(answer));
    },
    detect: async ({ model, image, options: wanted, trace, signal }) => {
      const { headers, body } = imageRequest(image, wanted, trace);
      const request: SentRequest = { method: "POST", path: pathOf(model), headers, body, signal, maxBytes };
      const answer = await send(images, request);
      if (answer.status !== 200) throw refusal(answer.status, answer.headers, textOf(answer));
      return readAnswer(model, answer.body, answer.headers["inference-header-content-length"]);
    },
    pass: ({ path, headers, isQuestion = false, ...call }) => {
      const pool = isQuestion ? passedQuestions : images;
      return send(pool, { ...call, path: base + path, headers: passedHeaders(headers) });
    },
    address: { url, at, authorize },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Put together once for each model and not for each image of it. */
function inferPaths(base: string): (model: ModelInfo) => string {
  const paths = new WeakMap<ModelInfo, string>();
  return (model) => {
    const known = paths.get(model);
    if (known !== undefined) return known;
    const path = `${base}${modelPath(model.name, model.version)}/infer`;
    paths.set(model, path);
    return path;
  };
}

function modelPath(model: string, version: string | undefined): string {
  const path = `/v2/models/${encodeURIComponent(model)}`;
  return version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`;
}

function textOf({ body }: Exchanged): string {
  return body.toString("utf8");
}
