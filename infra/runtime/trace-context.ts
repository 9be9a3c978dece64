import type { Chance } from "./chance.ts";
import { readTracestate } from "./tracestate.ts";

/** Where one request stands in a trace, as W3C Trace Context has it: this server's own span in somebody's trace. */
export type TraceContext = {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Undefined where the trace begins here. */
  readonly parentSpanId: string | undefined;
  /** The caller records this trace and would like others to. */
  readonly sampled: boolean;
  /** The trace's id is made of chance alone. */
  readonly random: boolean;
  /** What other systems said to those after them; passed on, never read. */
  readonly tracestate: string | undefined;
};

export type TraceHeaders = {
  readonly traceparent: string | undefined;
  readonly tracestate: string | undefined;
};

/** Makes ids of so many hexadecimal digits, never of zeros alone. */
export type TraceIds = (digits: 16 | 32) => string;

/** Chance is drawn in bulk: every request wants an id, and each draw is a call into the system. */
export function createTraceIds(chance: Chance): TraceIds {
  let [pool, used] = ["", 0];
  return (digits) => {
    if (used + digits > pool.length) [pool, used] = [Buffer.from(chance.bytes(1024)).toString("hex"), 0];
    const id = pool.slice(used, used + digits);
    used += digits;
    return isZero(id) ? `${id.slice(1)}1` : id;
  };
}

/** A span of our own below the caller's, or in a new trace where the caller sent none that is whole. */
export function continueTraceContext({ traceparent, tracestate }: TraceHeaders, ids: TraceIds): TraceContext {
  const parent = readTraceparent(traceparent);
  if (!parent) {
    const begun = { parentSpanId: undefined, sampled: false, random: true, tracestate: undefined };
    return { traceId: ids(32), spanId: ids(16), ...begun };
  }
  const { traceId, spanId: parentSpanId, sampled, random } = parent;
  return {
    traceId,
    spanId: ids(16),
    parentSpanId,
    sampled,
    random,
    tracestate: readTracestate(tracestate),
  };
}

/** What `traceparent` says to whoever comes next, in the version that this page knows. */
export function formatTraceparent({ traceId, spanId, sampled, random }: TraceContext): string {
  return `00-${traceId}-${spanId}-0${(sampled ? 1 : 0) + (random ? 2 : 0)}`;
}

/** The same as headers, for the next request of the trace. */
export function traceHeaders(trace: TraceContext): Record<string, string> {
  const traceparent = formatTraceparent(trace);
  return trace.tracestate === undefined ? { traceparent } : { traceparent, tracestate: trace.tracestate };
}

export type Traceparent = Pick<TraceContext, "traceId" | "spanId" | "sampled" | "random">;

/** Version, trace, span and flags; of a later version, which may go on after another dash, the part that is known. */
const shape = /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const longest = 512;

/** Undefined for whatever the standard calls invalid: the trace is then to begin anew. */
export function readTraceparent(header: string | undefined): Traceparent | undefined {
  if (header === undefined || header.length > longest) return undefined;
  const [, version, traceId = "", spanId = "", flags = "", rest] = shape.exec(header) ?? [];
  if (version === undefined || version === "ff") return undefined;
  if (version === "00" && rest !== undefined) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  const bits = Number.parseInt(flags, 16);
  return { traceId, spanId, sampled: (bits & 1) === 1, random: (bits & 2) === 2 };
}

/** Zeros alone mean that there is no id. */
function isZero(id: string): boolean {
  return id === zeros || id === zeros.slice(0, 16);
}

const zeros = "0".repeat(32);
