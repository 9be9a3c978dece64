import { TradewindError } from "#infra/runtime/errors.ts";
import type { BackendTimings } from "../contract.ts";

export type Answered = {
  readonly requestId: string;
  /** What was found, in the format that was asked for. */
  readonly core: string;
  readonly backend: string;
  /** How the cache had to do with it. */
  readonly cache: string;
  readonly deadlineMissed: boolean;
  /** All zero where no backend was asked. */
  readonly timings: BackendTimings;
  /** What the caller waited, as far as we see it. */
  readonly totalMs: number;
  readonly costUsd: number;
};

/** The answer to one image, put together from texts: most of it lies ready in the cache. */
export function answerText({ requestId, core, backend, cache, ...rest }: Answered): string {
  const { deadlineMissed, timings, totalMs, costUsd } = rest;
  const from = `"backend":${JSON.stringify(backend)},"cache":${JSON.stringify(cache)},"deadline_missed":${deadlineMissed}`;
  const cost = `"timings_ms":${timingsText(timings, totalMs)},"cost_usd":${costUsd}`;
  return `{"request_id":${JSON.stringify(requestId)},${core},${from},${cost}}`;
}

/** The answers to several, in their order; an image that failed has its own error in its place. */
export function listText(requestId: string, images: readonly (string | TradewindError)[]): string {
  const list = images.map((image) => (image instanceof TradewindError ? failureText(image) : image));
  return `{"request_id":${JSON.stringify(requestId)},"images":[${list.join(",")}]}`;
}

/** What the backend did not take was ours. */
function timingsText(timings: BackendTimings, totalMs: number): string {
  const { queue, preprocess, inference, postprocess } = timings;
  const gateway = Math.max(0, totalMs - queue - preprocess - inference - postprocess);
  const before = `"queue":${ms(queue)},"preprocess":${ms(preprocess)}`;
  const after = `"inference":${ms(inference)},"postprocess":${ms(postprocess)}`;
  return `{${before},${after},"gateway":${ms(gateway)},"total":${ms(totalMs)}}`;
}

function ms(value: number): number {
  return Math.round(value * 100) / 100;
}

function failureText({ code, message, kind }: TradewindError): string {
  return JSON.stringify({ error: { code, detail: message, status: kind.status } });
}
