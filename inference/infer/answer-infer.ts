import type { Face } from "#inference/face.ts";
import { errorReply, type Reply } from "#inference/protocol/reply.ts";
import { leaseFace, type Models } from "#inference/served-faces.ts";
import type { TraceControl } from "#inference/settings/trace-control.ts";
import type { Telemetry } from "#inference/telemetry/create-telemetry.ts";
import { inferenceFailed } from "#inference/telemetry/inference-failed.ts";
import { logTrace } from "#inference/telemetry/log-trace.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";
import { createInFlight, type Place } from "#infra/runtime/in-flight.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { TraceContext } from "#infra/runtime/trace-context.ts";
import { type ReadCall, readCall } from "./read-call.ts";
import { writeReply } from "./write-reply.ts";

/** One infer request, whichever door it came through. */
export type InferCall = ReadCall & {
  readonly model: string;
  readonly version: string | undefined;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
  readonly trace: TraceContext | undefined;
};

export type InferDeps = {
  readonly models: Models;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly traceControl: Pick<TraceControl, "sample">;
  readonly log: Log;
  readonly limits?: InferLimits;
};

export type InferLimits = {
  /** Of one request, also once it is unpacked. */
  readonly maxBodyBytes?: number;
  readonly bodyTimeoutMs?: number;
  /** Infer requests in hand at once. */
  readonly maxInFlight?: number;
  /** What the bodies in hand may take together. */
  readonly maxBytesInHand?: number;
};

export const defaultMaxBodyBytes = 67_108_864;

/** Answers an infer call whatever happens: admission, body, codec, model, answer, with its outcome counted. */
export type Infer = (call: InferCall) => Promise<Reply>;

export function createInfer({ models, telemetry, clock, traceControl, log, limits = {} }: InferDeps): Infer {
  // Shorter than a drain may take, so that an upload that has just begun does not outlast it.
  const { maxBodyBytes = defaultMaxBodyBytes, bodyTimeoutMs = 20_000 } = limits;
  const { maxInFlight: most = 256, maxBytesInHand = 536_870_912 } = limits;
  const mostBytes = Math.max(maxBytesInHand, maxBodyBytes);
  const inFlight = createInFlight({ most, mostBytes, code: "backend_full" });
  const bounds = { maxBytes: maxBodyBytes, timeoutMs: bodyTimeoutMs };
  /** Room is taken as a body arrives, and again when it is unpacked: what is only announced keeps nobody else out. */
  const settle = (place: Place, bytes: number): void => {
    place.settle(bytes);
    if (inFlight.bytes() > mostBytes) throw noRoom(bytes);
  };
  return async function infer(call) {
    const startedAt = clock.elapsed();
    const { trace, signal } = call;
    let key = { model: call.model, version: call.version ?? "" };
    const upload = watchUpload(call);
    try {
      using lease = leaseFace(models, call.model, call.version);
      key = keyOf(lease.face);
      using place = inFlight.enter(0);
      const { request, face } = await readCall(upload, lease, (bytes) => settle(place, bytes), bounds);
      key = keyOf(face);
      const answer = await face.infer({
        ...request,
        outputs: request.outputs?.map(({ name }) => name),
        signal,
      });
      const reply = await writeReply(
        { request, face, answer, model: lease.face.name },
        call.header("accept-encoding"),
      );
      const done = { ...key, cost: answer.cost, totalMs: clock.elapsed() - startedAt };
      telemetry.succeeded(done);
      if (traceControl.sample(key.model)) logTrace(log, { ...done, trace });
      return reply;
    } catch (thrown) {
      const error = asTradewindError(thrown);
      const ms = clock.elapsed() - startedAt;
      telemetry.failed({ ...key, code: error.code, totalMs: ms });
      if (error.kind.blame !== "caller") {
        const { traceId, spanId } = trace ?? {};
        inferenceFailed.publish({ traceId, spanId, route: "POST infer", ...key, ms, error });
      }
      return upload.cutShort(error.code) ? closing(errorReply(error)) : errorReply(error);
    }
  };
}

type Upload = ReadCall & {
  /** Some of the body is left in the connection. */
  readonly cutShort: (code: ErrorCode) => boolean;
};

function watchUpload({ header, readBody }: ReadCall): Upload {
  let reading = false;
  return {
    header,
    readBody: async (options) => {
      reading = true;
      const body = await readBody(options);
      reading = false;
      return body;
    },
    cutShort: (code) => reading && code !== "body_empty",
  };
}

/** What remains of a body must not be taken for the next request. */
function closing(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, connection: "close" } };
}

function keyOf({ name, version }: Face): { model: string; version: string } {
  return { model: name, version };
}

function noRoom(bytes: number): TradewindError {
  const message = `the bodies in hand leave no room for ${bytes} bytes more, try again shortly`;
  return new TradewindError("backend_full", message);
}
