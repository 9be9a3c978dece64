import { type Clock, systemClock } from "../clock.ts";

/** Waits for a reply for as long as all of them get, then rejects as if the server were away. */
export type Patience = <Reply>(reply: Promise<Reply>) => Promise<Reply>;

type Waiting = { until: number; readonly last: number; readonly giveUp: () => void };

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
  let dueAt = 0;
  const arm = (ms: number): void => {
    armed = true;
    dueAt = elapsed() + ms;
    setTimeout(() => setImmediate(giveUpLate), ms).unref();
  };
  const giveUpLate = (): void => {
    armed = false;
    const now = elapsed();
    // While this process was busy with other things it neither sent nor read: that time is not the server's.
    const busyMs = now - dueAt;
    if (busyMs > 5) for (const one of waiting) one.until = Math.min(one.until + busyMs, one.last);
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
      const now = elapsed();
      const one: Waiting = { until: now + timeoutMs, last: now + 10 * timeoutMs, giveUp };
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
