import { Pool } from "undici";
import type { BackendTimings, ModelInfo } from "#inference/contract.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type TraceContext, traceHeaders } from "#infra/runtime/trace-context.ts";
import type { Authorize } from "../authorize.ts";
import { connectTo } from "../connect-to.ts";
import type { DescribedModel, OpenInferenceClient } from "../open-inference.ts";
import { refusal } from "../open-inference-errors.ts";
import type { Exchanged, SentRequest } from "../open-inference-exchange.ts";
import { type SendRequest, sendAuthorized, sendPlainly } from "../send-request.ts";
import { keepBest } from "./keep-best.ts";
import { requestMaker } from "./make-request.ts";
import { answerReader } from "./read-answer.ts";
import { readLie, turnedSize } from "./read-lie.ts";
import type { RestSettings } from "./settings.ts";

export type RestClientOptions = {
  readonly url: string;
  readonly rest: RestSettings;
  /** Makes what parts a form, which no image may hold. */
  readonly chance: Pick<Chance, "bytes">;
  readonly authorize?: Authorize | undefined;
  /** Where to connect to, instead of where the name in the address leads. */
  readonly at?: string | undefined;
  readonly connections?: number;
  readonly connectTimeoutMs?: number;
  /** An answer larger than this is cut off. */
  readonly maxAnswerBytes?: number;
};

/** A team's own server as the others see a backend: what it is comes from the configuration, what it sees from its answers. */
export function createRestClient(options: RestClientOptions): OpenInferenceClient {
  const { url, rest, chance, authorize, at } = options;
  const { connections = 64, connectTimeoutMs = 2_000, maxAnswerBytes: maxBytes = 4_194_304 } = options;
  const { origin, pathname } = new URL(url);
  const base = pathname.replace(/\/+$/, "");
  const connect = connectTo(at, connectTimeoutMs);
  const images = new Pool(origin, { connections, connect });
  const questions = new Pool(origin, { connections: 1, connect });
  const send = authorize ? sendAuthorized(authorize) : sendPlainly;
  const make = requestMaker(rest, `tradewind-${Buffer.from(chance.bytes(16)).toString("hex")}`);
  const read = answerReader(rest);
  const applied = { conf: rest.query.conf !== undefined, iou: rest.query.iou !== undefined };

  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all([images.close(), questions.close()]).then(() => {});
    return closing;
  };
  return {
    describe: async (model, { version, signal }) => {
      await askReady({ send, pool: questions, base, health: rest.health, signal });
      return described(model, version, rest);
    },
    detect: async ({ model, image, options: wanted, trace, signal }) => {
      const bytes = image instanceof Uint8Array ? image : Buffer.concat(image);
      const lie = await readLie(bytes);
      const made = make({ model: model.name, image: bytes, type: lie.type, options: wanted });
      const { method } = rest;
      const headers = [...made.headers, ...always, ...traced(trace)];
      const path = base + made.path;
      const answer = await send(images, { method, path, headers, body: made.body, signal, maxBytes });
      if (answer.status !== 200) throw refused(answer);
      const detections = keepBest(read(answer.body, lie), wanted, applied);
      return { image: turnedSize(lie), detections, timings: untold };
    },
    pass: async () => {
      // Who asked for a description does not come here; nobody's fault, and another backend may have room for it.
      throw new TradewindError(
        "backend_none",
        "this backend speaks a REST of its own, and takes images only",
      );
    },
    address: { url, at, authorize },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What is compressed would have to be bounded twice. */
const always = ["accept", "application/json", "accept-encoding", "identity"] as const;

/** Such a server says nothing of where its time went. */
const untold: BackendTimings = { queue: 0, preprocess: 0, inference: 0, postprocess: 0 };

function traced(trace: TraceContext | undefined): readonly string[] {
  return trace ? Object.entries(traceHeaders(trace)).flat() : [];
}

type Asking = Pick<SentRequest, "signal"> & {
  readonly send: SendRequest;
  readonly pool: Pool;
  readonly base: string;
  readonly health: string | undefined;
};

const mostHealthBytes = 65_536;

/** Where no path says whether it is ready, a server that answers anything at all is there. */
async function askReady({ send, pool, base, health, signal }: Asking): Promise<void> {
  const request = { headers: always, body: undefined, signal };
  if (health === undefined) {
    const unbounded = { method: "HEAD", path: `${base}/`, maxBytes: Number.MAX_SAFE_INTEGER } as const;
    await send(pool, { ...request, ...unbounded });
    return;
  }
  const asked = { method: "GET", path: base + health, maxBytes: mostHealthBytes } as const;
  const answer = await send(pool, { ...request, ...asked });
  if (answer.status < 200 || answer.status > 299) throw unready(answer);
}

function unready(answer: Exchanged): TradewindError {
  const { code, message } = refused(answer);
  if (code === "backend_full") return new TradewindError(code, message);
  return new TradewindError("backend_failed", `the backend is not ready: status ${answer.status}`);
}

/** Of what such a server says only its status counts, and when to come again: a header of ours would not be ours. */
function refused({ status, headers, body }: Exchanged): TradewindError {
  return refusal(status, { "retry-after": headers["retry-after"] }, body.toString("utf8"));
}

function described(model: string, version: string | undefined, rest: RestSettings): DescribedModel {
  if (version !== undefined && version !== rest.version)
    throw new TradewindError("model_unknown", "the backend does not have this version of the model");
  return { ...modelInfo(model, rest), versions: [rest.version], imagesOnly: true };
}

/** Larger than any image, so that none is made smaller for it. */
const whole = { width: 65_535, height: 65_535 };

function modelInfo(name: string, { version, names, precision, input = whole }: RestSettings): ModelInfo {
  return { name, version, task: "detect", names, precision, input };
}
