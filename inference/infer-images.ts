import type { Context } from "hono";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { readBody } from "#infra/runtime/read-body.ts";
import type { ImageAnswer } from "./contract.ts";
import type { OpenModel } from "./open-model.ts";
import { answerJson } from "./protocol/answer-error.ts";
import { type InferRequest, readInferRequest } from "./protocol/read-request.ts";
import { writeInferResponse } from "./protocol/write-response.ts";
import type { Telemetry } from "./telemetry.ts";

/** What a model must offer to be served. */
export type ServedModel = Pick<OpenModel, "info" | "executionProvider" | "ready" | "detect">;

export type InferDeps = {
  readonly telemetry: Telemetry;
  readonly maxBodyBytes?: number;
  readonly bodyTimeoutMs?: number;
  /** Infer requests in hand at once, each with a body in memory. */
  readonly maxInFlight?: number;
};

/** The handler of `infer`: admission, body, codec, model, answer, with its outcome counted. */
export function inferImages({
  telemetry,
  // A gateway's 20 MiB of image, with the head that the protocol puts before it.
  maxBodyBytes = 20_971_520 + 65_536,
  bodyTimeoutMs = 30_000,
  maxInFlight = 64,
}: InferDeps) {
  let inFlight = 0;
  return async function infer(c: Context, model: ServedModel): Promise<Response> {
    inFlight += 1;
    try {
      if (inFlight > maxInFlight)
        throw new TradewindError("backend_full", `${maxInFlight} requests are in hand already`);
      refuseEncoding(c.req.header("content-encoding"));
      const body = await readBody(c, { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs });
      const request = readInferRequest(body, c.req.header("inference-header-content-length"));
      const answers = await detectAll(model, request, c.req.raw.signal);
      telemetry.answered(model.info.name, answers);
      return answerJson(c, writeInferResponse(model.info, answers, request));
    } catch (error) {
      telemetry.failed(model.info.name, asTradewindError(error).code);
      throw error;
    } finally {
      inFlight -= 1;
    }
  };
}

function refuseEncoding(encoding = "identity"): void {
  if (encoding.toLowerCase() === "identity") return;
  throw new TradewindError(
    "encoding_unsupported",
    `content-encoding '${encoding.slice(0, 40)}' is not understood here`,
  );
}

/** One image that fails fails its request, and the others of it stop waiting. */
async function detectAll(
  model: ServedModel,
  { images, options }: InferRequest,
  callerLeft: AbortSignal,
): Promise<ImageAnswer[]> {
  const stop = new AbortController();
  const signal = AbortSignal.any([callerLeft, stop.signal]);
  const named = images.length > 1;
  try {
    return await Promise.all(
      images.map((image, index) =>
        model.detect(image, { options, signal }).catch((error) => {
          throw named ? inImage(index, error) : error;
        }),
      ),
    );
  } catch (error) {
    stop.abort();
    throw error;
  }
}

function inImage(index: number, thrown: unknown): TradewindError {
  const error = asTradewindError(thrown);
  return new TradewindError(error.code, `image ${index}: ${error.message}`, { cause: error });
}
