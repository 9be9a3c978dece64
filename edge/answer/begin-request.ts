import type { Chance } from "#infra/runtime/chance.ts";
import { requestFinished } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import { acceptRequestId, createRequestIds } from "#infra/runtime/request-id.ts";
import {
  continueTraceContext,
  createTraceIds,
  formatTraceparent,
  type TraceContext,
} from "#infra/runtime/trace-context.ts";

/** What a request is called, here and in its caller's trace, and when it began by the clock's `elapsed`. */
export type Begun = {
  readonly requestId: string;
  readonly startedAt: number;
  readonly trace: TraceContext;
};

export type BeginRequest = (header: (name: string) => string | undefined) => Begun;

export function requestBeginner(clock: Clock, chance: Chance): BeginRequest {
  const requestIds = createRequestIds(clock, chance);
  const traceIds = createTraceIds(chance);
  return (header) => {
    const [traceparent, tracestate] = [header("traceparent"), header("tracestate")];
    return {
      requestId: acceptRequestId(header("x-request-id")) ?? requestIds(),
      startedAt: clock.elapsed(),
      trace: continueTraceContext({ traceparent, tracestate }, traceIds),
    };
  };
}

export const answeredBy = "x-tradewind-answered-by";

/** What every answer says of its request, and who gave it. */
export function answerHeaders({ requestId, trace }: Begun): Readonly<Record<string, string>> {
  return { "x-request-id": requestId, traceparent: formatTraceparent(trace), [answeredBy]: "edge" };
}

export type Ended = {
  readonly route: string;
  readonly model: string | undefined;
  readonly status: number;
  readonly failure: TradewindError | undefined;
};

/** Tells the channel how a request ended. */
export function finishRequest(begun: Begun, ended: Ended, clock: Pick<Clock, "elapsed">): void {
  const { requestId, startedAt } = begun;
  const { route, model, status, failure } = ended;
  requestFinished.publish({
    ...{ requestId, route, model, status, keyId: undefined, backend: undefined },
    code: failure?.code,
    error: failure,
    ms: clock.elapsed() - startedAt,
  });
}
