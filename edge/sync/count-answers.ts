import type { Answered, RunningModels } from "../answer/running-model.ts";

/** What a model answered since the start, for reports and for whoever looks at this device. */
export type AnswerCount = {
  readonly images: number;
  readonly failed: number;
  /** Milliseconds, of the latest answers; null before the first. */
  readonly p95Ms: number | null;
};

export type AnswerCounts = Disposable & { readonly of: (model: string) => AnswerCount };

/** So many of the latest are looked at. */
const latest = 256;

export function countAnswers(running: Pick<RunningModels, "onAnswer">): AnswerCounts {
  const models = new Map<string, Tally>();
  const listening = running.onAnswer((told) => {
    const tally = models.get(told.model) ?? { images: 0, failed: 0, times: [] };
    models.set(told.model, tally);
    add(tally, told);
  });
  return {
    of: (model) => {
      const { images, failed, times } = models.get(model) ?? { images: 0, failed: 0, times: [] };
      return { images, failed, p95Ms: p95(times) };
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}

type Tally = { images: number; failed: number; readonly times: number[] };

function add(tally: Tally, { failed, ms }: Answered): void {
  tally.times[tally.images % latest] = ms;
  tally.images += 1;
  if (failed) tally.failed += 1;
}

function p95(times: readonly number[]): number | null {
  const ordered = [...times].sort((one, other) => one - other);
  const found = ordered[Math.min(ordered.length - 1, Math.floor(0.95 * ordered.length))];
  return found === undefined ? null : Math.round(found * 100) / 100;
}
