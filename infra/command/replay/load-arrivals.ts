import { type Observed, observedIn } from "#gateway/replay/report/observed.ts";
import { amplify, scaleRate, slice } from "#gateway/replay/traces/amplify.ts";
import { type Arrivals, meanRps } from "#gateway/replay/traces/arrivals.ts";
import { openTrace } from "#gateway/replay/traces/open-trace.ts";
import type { Trace, TraceOptions } from "#gateway/replay/traces/read-trace.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { ofModel } from "./of-model.ts";
import type { ReplayRequest } from "./read-request.ts";

export type LoadedArrivals = {
  readonly trace: Trace;
  readonly arrivals: Arrivals;
  readonly spanMs: number;
  readonly observed: Observed | undefined;
  /** What follows from nothing that was said. */
  readonly assumed: readonly string[];
};

export type LoadOptions = { readonly model: string; readonly sloMs: number };

type Wishes = Pick<
  ReplayRequest,
  "trace" | "format" | "wanted" | "seed" | "rps" | "copies" | "fromMs" | "durationMs"
>;

/** A trace's requests as they are replayed: those of the model and of the time, as busy as was wished. */
export async function loadArrivals(wishes: Wishes, { model, sloMs }: LoadOptions): Promise<LoadedArrivals> {
  const options = { format: wishes.format, wanted: wishes.wanted, seed: wishes.seed };
  const read = await openTrace(wishes.trace, { ...options, ...fittedOptions(wishes) });
  const fitted = read.format === "servegen";
  const own = ofModel(read, model);
  const cut = fitted ? own.trace : cutTrace(own.trace, wishes);
  const busy = makeBusy(cut, wishes);
  const assumed = [...own.assumed, ...(fitted ? fittedAssumed(wishes) : []), ...busy.assumed];
  return { trace: read, ...busy, assumed, observed: observedIn(cut, sloMs) };
}

/** An hour of a fitted day at a hundred a second is what is played of it unless something else is said. */
const usualRps = 100;
const usualSeconds = 3_600;

function fittedOptions({ rps, copies, fromMs, durationMs }: Wishes): TraceOptions {
  return {
    startS: fromMs === undefined ? undefined : fromMs / 1000,
    durationS: durationMs === undefined ? usualSeconds : durationMs / 1000,
    rps: rps ?? (copies === undefined ? usualRps : undefined),
  };
}

function fittedAssumed({ rps, copies, fromMs, durationMs }: Wishes): string[] {
  return [
    ...(fromMs === undefined && durationMs === undefined ? ["the trace's first hour"] : []),
    ...(rps === undefined && copies === undefined ? [`${usualRps} requests a second`] : []),
  ];
}

function cutTrace(trace: Trace, { fromMs = 0, durationMs = Number.POSITIVE_INFINITY }: Wishes): Trace {
  const toMs = Math.min(fromMs + durationMs, trace.spanMs);
  if (fromMs === 0 && toMs === trace.spanMs) return trace;
  // What comes exactly at the end of the trace is its last request.
  const untilMs = toMs === trace.spanMs ? toMs + 1 : toMs;
  const arrivals = slice(trace.arrivals, fromMs, untilMs);
  if (arrivals.count === 0) throw nothingThere(trace, fromMs, toMs);
  const first = trace.arrivals.atMs.findIndex((ms) => ms >= fromMs);
  const part = (column: Float64Array | undefined) => column?.subarray(first, first + arrivals.count);
  return {
    ...trace,
    arrivals,
    spanMs: toMs - fromMs,
    observedMs: part(trace.observedMs),
    statuses: part(trace.statuses),
  };
}

/** The Azure traces are of language models, which are asked far less often than those for images. */
const usualCopies = 20;

function makeBusy({ arrivals, spanMs, format }: Trace, { rps, copies, seed }: Wishes) {
  if (format === "servegen" && copies === undefined) return { arrivals, spanMs, assumed: [] };
  if (rps !== undefined) {
    if (!(meanRps(arrivals, spanMs) > 0)) throw noRate();
    const scaled = scaleRate(arrivals, { rps, seed, spanMs });
    return { arrivals: scaled, spanMs: (scaled.count * 1000) / rps, assumed: [] };
  }
  const isSparse = format === "azure-llm" && copies === undefined;
  const times = copies ?? (isSparse ? usualCopies : 1);
  const busy = times === 1 ? arrivals : amplify(arrivals, { copies: times, seed });
  return { arrivals: busy, spanMs, assumed: isSparse ? [`${times} copies of every request`] : [] };
}

function nothingThere({ spanMs }: Trace, fromMs: number, toMs: number): TradewindError {
  const part = `second ${fromMs / 1000} to ${toMs / 1000}`;
  return new TradewindError("parameter_invalid", `no request of the trace lies in its ${part}`, {
    hint: `the trace lasts ${Math.ceil(spanMs / 1000)} s`,
  });
}

function noRate(): TradewindError {
  return new TradewindError(
    "parameter_invalid",
    "--rps: a trace of one moment has no rate that could change",
    {
      hint: "--copies says how often each of its requests comes",
    },
  );
}
