import type { Clock } from "#infra/runtime/clock.ts";
import type { CachedAnswer } from "./cached-answer.ts";

export type WaitForAnswer = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly mostMs: number;
  /** Has a request of this process the claim? Then nobody else makes the answer that is waited for. */
  readonly mine: () => boolean;
  /** Looks once more, and takes the claim if it is free by now. */
  readonly look: () => Promise<Look>;
  /** Is told what kept it from looking. */
  readonly skip: (error: unknown) => void;
};

export type Look = { readonly answer: CachedAnswer | undefined; readonly othersMakeIt: boolean };

const firstPauseMs = 5;
const longestPauseMs = 50;

/** Looks again with growing pauses, until there is an answer or a reason to wait no longer. */
export async function waitForAnswer(waiting: WaitForAnswer): Promise<CachedAnswer | undefined> {
  const { clock, signal, mostMs, mine, look, skip } = waiting;
  const until = clock.elapsed() + mostMs;
  let pauseMs = firstPauseMs;
  try {
    while (!mine() && clock.elapsed() < until) {
      await clock.sleep(Math.min(pauseMs, until - clock.elapsed()), { signal });
      if (mine()) return undefined;
      const { answer, othersMakeIt } = await look();
      if (answer || !othersMakeIt) return answer;
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  } catch (error) {
    signal.throwIfAborted();
    skip(error);
  }
  return undefined;
}
