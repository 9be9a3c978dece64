import type { DetectOptions, ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { answersCompared, driftTurned } from "./agreement-channels.ts";
import { type Agreement, compareAnswers } from "./agreement-of.ts";
import type { DriftWatch } from "./drift-watch.ts";
import type { Sample, Spent } from "./sampler.ts";

/** An image that was answered, and who is asked about it too. */
export type Comparison = {
  readonly model: Pick<ModelInfo, "name" | "task">;
  readonly backend: string;
  readonly first: Pick<ImageAnswer, "detections">;
  readonly options: Pick<DetectOptions, "conf">;
  /** From the sampler: whom to ask, and what was taken for it. */
  readonly sample: Sample;
  /** Holds the image until it has ended; it is asked once. */
  readonly ask: (signal: AbortSignal) => Promise<Pick<ImageAnswer, "detections">>;
  /** What it cost, where that is known better after it than before. */
  readonly costOf?: (ms: number) => number;
  readonly minimum: number;
  /** Which of the two is on trial, if one is. */
  readonly candidate?: string;
};

export type Comparer = AsyncDisposable & {
  /** Asks beside the path and returns at once; false where too much is under way already, or it is closed. */
  readonly compare: (comparison: Comparison) => boolean;
  readonly underWay: () => number;
  /** Gives up what is under way, and resolves when nothing is. */
  readonly close: () => Promise<void>;
};

export type ComparerOptions = {
  readonly watch: Pick<DriftWatch, "learn">;
  readonly clock: Pick<Clock, "elapsed">;
  /** Each holds an image. */
  readonly mostAtOnce?: number;
  readonly deadlineMs?: number;
};

/** Holds answers against a second backend's; whatever comes of it, the request it belongs to knows nothing of it. */
export function createComparer(options: ComparerOptions): Comparer {
  const { mostAtOnce = 8, deadlineMs = 10_000 } = options;
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();
  const run = async (comparison: Comparison): Promise<void> => {
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(deadlineMs)]);
    try {
      await askAndCompare(comparison, signal, options);
    } catch (error) {
      tellSkipped(comparison, error);
    }
  };
  const compare: Comparer["compare"] = (comparison) => {
    if (stop.signal.aborted || underWay.size >= mostAtOnce) {
      comparison.sample.settle(0);
      return false;
    }
    const running = run(comparison);
    underWay.add(running);
    void running.then(() => underWay.delete(running));
    return true;
  };
  const close = async (): Promise<void> => {
    stop.abort(new TradewindError("draining", "this gateway is closing"));
    await Promise.all(underWay);
  };
  return { compare, underWay: () => underWay.size, close, [Symbol.asyncDispose]: close };
}

async function askAndCompare(
  comparison: Comparison,
  signal: AbortSignal,
  { clock, watch }: ComparerOptions,
): Promise<void> {
  const asked = clock.elapsed();
  const told = await answerOf(comparison, signal);
  const ms = clock.elapsed() - asked;
  const spent = comparison.sample.settle(comparison.costOf?.(ms));
  if (told instanceof TradewindError) {
    publish(comparison, told, { ms, spent });
    // Whoever closes knows why nothing came of it.
    if (told.code !== "draining") tellSkipped(comparison, told);
    return;
  }
  const { model, backend, sample, minimum, candidate, options, first } = comparison;
  const agreed = compareAnswers(first.detections, told.detections, model.task, options);
  publish(comparison, agreed, { ms, spent });
  const trial = candidate === undefined ? {} : { candidate };
  const pair = { model: model.name, backend, peer: sample.backend };
  for (const turned of watch.learn({ ...pair, ...agreed, minimum, ...trial })) driftTurned.publish(turned);
}

type Told = Pick<ImageAnswer, "detections"> | TradewindError;

/** Whoever is asked may not heed the signal, and then is not waited for. */
async function answerOf({ ask }: Comparison, signal: AbortSignal): Promise<Told> {
  let giveUp = (): void => {};
  const over = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([ask(signal), over]);
  } catch (error) {
    return failureOf(error, signal);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function failureOf(error: unknown, { aborted, reason }: AbortSignal): TradewindError {
  if (aborted && reason instanceof TradewindError) return reason;
  if (!aborted) return asTradewindError(error);
  return new TradewindError("deadline_exceeded", "the second backend did not answer in time", {
    cause: error,
  });
}

type Cost = { readonly ms: number; readonly spent: Spent };

function publish(
  { model, backend, sample }: Comparison,
  outcome: Agreement | TradewindError,
  { ms, spent }: Cost,
): void {
  const failed = outcome instanceof TradewindError;
  const { agreement, scoreDifference } = failed
    ? { agreement: undefined, scoreDifference: undefined }
    : outcome;
  const code = failed ? outcome.code : undefined;
  const pair = { model: model.name, backend, peer: sample.backend };
  answersCompared.publish({ ...spent, ...pair, agreement, scoreDifference, code, ms });
}

function tellSkipped({ model, sample }: Comparison, error: unknown): void {
  sideConcernSkipped.publish({
    what: "comparing answers",
    detail: `${model.name} at ${sample.backend}`,
    error,
  });
}
