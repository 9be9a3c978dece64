import { type Clock, systemClock } from "../clock.ts";

/** Waits for a reply for as long as all of them get, then rejects as if the server were away. */
export type Patience = <Reply>(reply: Promise<Reply>) => Promise<Reply>;

type Waiting = { readonly until: number; readonly giveUp: () => void };

/**
 * One timer for all replies that are waited for: they are given up in the order in which they were asked for, so only
 * the oldest needs one. Before it gives up it lets the event loop read what lies in the socket: under load the timer is
 * often late itself, and the reply has been here for long.
 */
export function createPatience(
  timeoutMs: number,
  { elapsed }: Pick<Clock, "elapsed"> = systemClock,
): Patience {
  const waiting = new Set<Waiting>();
  let armed = false;
  const arm = (ms: number): void => {
    armed = true;
    setTimeout(() => setImmediate(giveUpLate), ms).unref();
  };
  const giveUpLate = (): void => {
    armed = false;
    const now = elapsed();
    for (const one of waiting) {
      if (one.until > now) {
        arm(one.until - now);
        return;
      }
      waiting.delete(one);
      one.giveUp();
    }
  };
  return (reply) =>
    new Promise((resolve, reject) => {
      const giveUp = (): void => reject(new Error(`no reply within ${timeoutMs} ms`));
      const one: Waiting = { until: elapsed() + timeoutMs, giveUp };
      waiting.add(one);
      if (!armed) arm(timeoutMs);
      reply.then(
        (value) => {
          waiting.delete(one);
          resolve(value);
        },
        (error: unknown) => {
          waiting.delete(one);
          reject(error);
        },
      );
    });
}
