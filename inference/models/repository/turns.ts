import { TradewindError } from "#infra/runtime/errors.ts";

/** What is done to one model, one thing after the other. */
export type Turns = {
  /** Whether anything runs or waits. */
  readonly busy: boolean;
  /** A task like the last one that still waits is that one: both callers asked before it began. */
  readonly take: (likeness: string, task: () => Promise<void>) => Promise<void>;
  /** Resolves when nothing runs and nothing waits. */
  readonly rest: () => Promise<void>;
};

/** Callers beyond it are sent away: they contradict each other faster than models load. */
const mostWaiting = 16;

export function createTurns(): Turns {
  const waiting: { readonly likeness: string; readonly done: Promise<void> }[] = [];
  let unfinished = 0;
  let last: Promise<void> = Promise.resolve();

  const run = async (task: () => Promise<void>): Promise<void> => {
    await last;
    waiting.shift();
    await task();
  };
  return {
    get busy() {
      return unfinished > 0;
    },
    take: (likeness, task) => {
      const latest = waiting.at(-1);
      if (latest?.likeness === likeness) return latest.done;
      if (waiting.length >= mostWaiting) return Promise.reject(tooMany());
      unfinished += 1;
      const done = run(task).finally(() => {
        unfinished -= 1;
      });
      waiting.push({ likeness, done });
      last = done.catch(() => {});
      return done;
    },
    rest: async () => {
      while (unfinished > 0) await last;
    },
  };
}

function tooMany(): TradewindError {
  return new TradewindError("overloaded", `${mostWaiting} changes of this model are waiting already`);
}
