import type { BackendTimings } from "#inference/contract.ts";
import { answerText, listText } from "#inference/image-api/answer-text.ts";
import { withFormat } from "#inference/image-api/formats.ts";
import type { ImageOptions } from "#inference/image-api/read-options.ts";
import { serverTiming } from "#inference/image-api/server-timing.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { cacheStatus } from "../cache/cache-status.ts";
import type { Route } from "../fleet/snapshot.ts";
import { explainDecision } from "../ledger/explain-decision.ts";
import { decisionOf } from "../ledger/record-pursuit.ts";
import type { ImageAsk, ImageReply } from "./image-ask.ts";
import type { Seen, SeenOrFailed } from "./seen.ts";

export type Composing = {
  readonly ask: ImageAsk;
  readonly route: Route;
  readonly options: ImageOptions;
  readonly several: boolean;
  readonly seen: readonly SeenOrFailed[];
  readonly receivedAt: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
};

/** The answer as it goes out: one shape for one image, a list for several. */
export function composeReply(composing: Composing): ImageReply {
  const { ask, route, options, several, seen, receivedAt, headers, clock } = composing;
  const now = clock.elapsed();
  const totalMs = now - ask.startedAt;
  const late = now - receivedAt > (options.deadlineMs ?? route.sloMs);
  const texts = seen.map((one) => textOf(one, { requestId: ask.requestId, late, totalMs, options }));
  const [first] = seen;
  if (first && !(first instanceof TradewindError)) ask.note({ backend: first.answer.backend });
  return {
    status: 200,
    headers: {
      "content-type": "application/json",
      ...headers,
      ...cacheHeaders(seen, clock.now()),
      "server-timing": timingOf(seen, totalMs),
      ...(ask.caller.scopes.has("explain") && decisionHeader(seen)),
    },
    body: several ? listText(ask.requestId, texts) : theOnly(texts),
  };
}

/** A single image that failed has failed its request before this. */
function theOnly([text]: readonly (string | TradewindError)[]): string {
  if (text === undefined || text instanceof TradewindError)
    throw text ?? new TradewindError("internal", "no image");
  return text;
}

type Text = {
  readonly requestId: string;
  readonly late: boolean;
  readonly totalMs: number;
  readonly options: ImageOptions;
};

function textOf(one: SeenOrFailed, { requestId, late, totalMs, options }: Text): string | TradewindError {
  if (one instanceof TradewindError) return one;
  const { answer, outcome, timings = noTimings, nanoUsd } = one;
  return answerText({
    core: withFormat(answer.core, options.format),
    requestId,
    backend: answer.backend,
    cache: outcome,
    deadlineMissed: late,
    timings,
    totalMs,
    costUsd: nanoUsd / 1e9,
  });
}

const noTimings: BackendTimings = { queue: 0, preprocess: 0, inference: 0, postprocess: 0 };

/** Of a list each image has its own outcome in its own answer; one header could only tell of one. */
function cacheHeaders(seen: readonly SeenOrFailed[], now: number): Record<string, string> {
  const [only] = seen;
  if (seen.length !== 1 || !only || only instanceof TradewindError) return {};
  return { "cache-status": cacheStatus({ ...wordOf(only), ...ttlOf(only.answer, now) }) };
}

/** A stale answer that was given is a hit to those who read this header, with its time to live below zero. */
function wordOf({ outcome, answer }: Seen): Parameters<typeof cacheStatus>[0] {
  const stored = outcome === "miss" && answer.freshUntil !== undefined;
  return outcome === "stale" ? { outcome: "hit" } : { outcome, stored };
}

function ttlOf({ freshUntil }: Seen["answer"], now: number): { readonly ttlMs?: number } {
  return freshUntil === undefined ? {} : { ttlMs: freshUntil - now };
}

/** Whoever asked a backend now is told why that one; what lay there was not asked for. */
function decisionHeader(seen: readonly SeenOrFailed[]): Record<string, string> {
  const [only] = seen;
  if (seen.length !== 1 || !only || only instanceof TradewindError || !only.recorded) return {};
  return { "tradewind-decision": explainDecision(decisionOf(only.recorded)) };
}

function timingOf(seen: readonly SeenOrFailed[], totalMs: number): string {
  const made = seen.find((one): one is Seen => !(one instanceof TradewindError) && one.timings !== undefined);
  return serverTiming(made?.timings, totalMs);
}
