import { TradewindError } from "#infra/runtime/errors.ts";

export type Deadline = Disposable & { readonly signal: AbortSignal };

/** How a door tells that its caller is gone; returns the way to stop listening. */
export type OnLeave = (listener: () => void) => () => void;

export type DeadlineOptions = { readonly timeoutMs: number; readonly onLeave: OnLeave };

/**
 * The one signal of a request, handed down to everything that waits for it. It aborts with a catalogue error as its
 * reason, so that whoever stops knows whether the caller left (nobody's fault) or the time was up. It is made when it is
 * first asked for: an answer out of memory waits for nothing, and needs none.
 */
export function openDeadline({ timeoutMs, onLeave }: DeadlineOptions): Deadline {
  const openedAt = performance.now();
  let started: Started | undefined;
  return {
    get signal() {
      started ??= start({ timeoutMs: timeoutMs - (performance.now() - openedAt), onLeave }, timeoutMs);
      return started.signal;
    },
    [Symbol.dispose]: () => started?.stop(),
  };
}

type Started = { readonly signal: AbortSignal; readonly stop: () => void };

function start({ timeoutMs, onLeave }: DeadlineOptions, wholeMs: number): Started {
  const controller = new AbortController();
  const timer = setTimeout(
    () => {
      controller.abort(new TradewindError("deadline_exceeded", `no answer within ${wholeMs / 1000} s`));
    },
    Math.max(1, timeoutMs),
  );
  const unlisten = onLeave(() => {
    controller.abort(new TradewindError("caller_left", "the caller closed the connection"));
  });
  const stop = (): void => {
    clearTimeout(timer);
    unlisten();
  };
  return { signal: controller.signal, stop };
}
