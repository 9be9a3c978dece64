import type { ImageQuery } from "../document/image-parameters.ts";
import type {
  AnswerOf,
  AnswersOf,
  Format,
  Meta,
  ModelsAnswer,
  TaskPath,
  UsageAnswer,
  WithMeta,
} from "./answers.ts";
import { type Image, imageBodyOf } from "./image-body.ts";
import { type Sendable, type Sent, send } from "./send.ts";
import { surroundings as ownSurroundings, type Surroundings } from "./surroundings.ts";

export type {
  AnswerOf,
  AnswersOf,
  FailedImage,
  Format,
  Meta,
  ModelsAnswer,
  TaskPath,
  UsageAnswer,
} from "./answers.ts";
export type { Image } from "./image-body.ts";
export { type ProblemCode, TradewindProblem } from "./problem.ts";

export type ClientOptions = {
  /** Where the gateway is, such as `https://vision.example.com`. */
  readonly url: string | URL;
  /** A key or a token; none at an address that stands for a tenant. */
  readonly key?: string | undefined;
  /** Another one than the surroundings' own: behind a proxy, or in a test. */
  readonly fetch?: typeof fetch;
  /** Tries after the first one, of what may be tried again; 2 if left out. */
  readonly retries?: number;
  /** For a call with all its tries; a minute if left out. */
  readonly timeoutMs?: number;
};

/** What every call takes. */
export type CallOptions = { readonly signal?: AbortSignal; readonly timeoutMs?: number };

/** The parameters are the API's own, by their own names. */
export type ImageOptions<Wanted extends Format = Format> = CallOptions &
  Omit<ImageQuery, "format"> & {
    readonly format?: Wanted;
    /** Pins a version of the model, as `name@version` does. */
    readonly version?: string;
    /** One is made for each call that may be tried again; your own makes several calls one. */
    readonly idempotencyKey?: string;
    readonly cacheControl?: string;
  };

/** Looks at one image, or at several, which are then answered in their order. */
export type Look<Task extends TaskPath> = {
  <Wanted extends Format = "xyxy">(
    model: string,
    images: readonly Image[],
    options?: ImageOptions<Wanted>,
  ): Promise<WithMeta<AnswersOf<Task, Wanted>>>;
  <Wanted extends Format = "xyxy">(
    model: string,
    image: Image,
    options?: ImageOptions<Wanted>,
  ): Promise<WithMeta<AnswerOf<Task, Wanted>>>;
};

export type Client = { readonly [Task in TaskPath]: Look<Task> } & {
  readonly models: (options?: CallOptions) => Promise<WithMeta<ModelsAnswer>>;
  /** Of a month such as `2026-11`; of this one if left out. */
  readonly usage: (options?: CallOptions & { readonly month?: string }) => Promise<WithMeta<UsageAnswer>>;
};

/** A gateway as a program calls it: answers with their types, refusals as `TradewindProblem`, retries within bounds. */
export function createClient(options: ClientOptions, surroundings: Surroundings = ownSurroundings): Client {
  // What is no address is said here, and not by each call.
  const base = new URL(options.url).href.replace(/\/+$/, "");
  const { retries = 2 } = options;
  // What is never sent again needs no name by which it would be known again.
  const name = retries > 0 ? surroundings.name : () => undefined;
  const ask: Ask = async (path, request, { signal, timeoutMs = options.timeoutMs ?? 60_000 }) => {
    const { key, fetch: fetchOf = fetch } = options;
    const headers = { ...request.headers, ...(key !== undefined && { authorization: `Bearer ${key}` }) };
    const limits = { fetch: fetchOf, retries, timeoutMs, signal, surroundings };
    return withMeta(await send(base + path, { ...request, headers }, limits));
  };
  const look = <Task extends TaskPath>(task: Task): Look<Task> =>
    ((model: string, image: Image | readonly Image[], asked: ImageOptions = {}) =>
      lookAt(task, model, image, asked, { ask, name })) as Look<Task>;
  return {
    detect: look("detect"),
    segment: look("segment"),
    pose: look("pose"),
    obb: look("obb"),
    classify: look("classify"),
    models: async (asked = {}) => (await ask("/v1/models", get, asked)) as WithMeta<ModelsAnswer>,
    usage: async ({ month, ...asked } = {}) => {
      const query = month === undefined ? "" : `?month=${encodeURIComponent(month)}`;
      return (await ask(`/v1/usage${query}`, get, asked)) as WithMeta<UsageAnswer>;
    },
  };
}

const get: Sendable = { method: "GET", headers: {} };

type Ask = (path: string, request: Sendable, options: CallOptions) => Promise<WithMeta<object>>;

async function lookAt(
  task: TaskPath,
  model: string,
  image: Image | readonly Image[],
  { signal, timeoutMs, version, idempotencyKey, cacheControl, ...query }: ImageOptions,
  { ask, name }: { readonly ask: Ask; readonly name: () => string | undefined },
): Promise<WithMeta<object>> {
  const named = version === undefined ? model : `${model}@${version}`;
  const { body, type } = await imageBodyOf(image);
  const once = idempotencyKey ?? name();
  const headers = {
    ...(once !== undefined && { "idempotency-key": once }),
    ...(type !== undefined && { "content-type": type }),
    ...(cacheControl !== undefined && { "cache-control": cacheControl }),
  };
  const path = `/v1/models/${encodeURIComponent(named)}/${task}${queryOf(query)}`;
  const call = { ...(signal && { signal }), ...(timeoutMs !== undefined && { timeoutMs }) };
  return await ask(path, { method: "POST", headers, body }, call);
}

function queryOf(query: Omit<ImageOptions, keyof CallOptions>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent([value].flat().map(inPlainDigits).join(","))}`],
  );
  return given.length === 0 ? "" : `?${given.join("&")}`;
}

/** The API takes no exponents, which is how JavaScript writes what is very small. */
function inPlainDigits(value: string | number | boolean): string {
  const text = String(value);
  return typeof value === "number" && text.includes("e-") ? value.toFixed(20) : text;
}

function withMeta({ headers, body }: Sent): WithMeta<object> {
  const header = (name: string): string | undefined => headers.get(name) ?? undefined;
  const meta: Meta = {
    requestId: header("x-request-id"),
    cacheStatus: header("cache-status"),
    rateLimit: header("ratelimit"),
    rateLimitPolicy: header("ratelimit-policy"),
    serverTiming: header("server-timing"),
    decision: header("tradewind-decision"),
    replayed: header("idempotent-replayed") === "true",
  };
  return { ...(body as object), meta };
}
