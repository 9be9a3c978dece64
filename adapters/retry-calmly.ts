import { asTradewindError, type ErrorCode } from "#infra/runtime/errors.ts";
import type { Surroundings } from "./surroundings.ts";

export type Calm = Pick<Surroundings, "clock" | "chance"> & {
  readonly signal: AbortSignal;
  /**
   *   refused   only what was certainly not begun: throttling
   *   all       what was lost on the way too, which for a question harms nobody
   */
  readonly mayRepeat: "refused" | "all";
};

const again: Readonly<Record<Calm["mayRepeat"], ReadonlySet<ErrorCode>>> = {
  refused: new Set<ErrorCode>(["provider_throttled"]),
  all: new Set<ErrorCode>(["provider_throttled", "provider_unavailable", "provider_answer_invalid"]),
};

const attempts = 5;
const baseMs = 200;
const mostMs = 10_000;

/** Asks again after a time by chance that grows, since those who were throttled together must not return together. */
export async function retryCalmly<Answer>(ask: () => Promise<Answer>, calm: Calm): Promise<Answer> {
  const { clock, chance, signal, mayRepeat } = calm;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (thrown) {
      const error = asTradewindError(thrown);
      if (attempt === attempts || !again[mayRepeat].has(error.code) || signal.aborted) throw thrown;
      const span = Math.min(mostMs, baseMs * 2 ** attempt);
      const pauseMs = Math.max(error.retryAfterMs ?? 0, chance.number() * span);
      // Whose time is over while it waits hears what went wrong, and not that a timer did.
      await clock.sleep(pauseMs, { signal }).catch(() => {
        throw thrown;
      });
    }
  }
}
