import { TradewindError } from "./errors.ts";

export type Deadline = Disposable & { readonly signal: AbortSignal };

/** How a door tells that its caller is gone; returns the way to stop listening. */
export type OnLeave = (listener: () => void) => () => void;

export type DeadlineOptions = { readonly timeoutMs: number; readonly onLeave: OnLeave };

/**
 * The one signal of a request, handed down to everything that waits for it. It aborts with a catalogue error as its
 * reason, so that whoever stops knows whether the caller left (nobody's fault) or the time was up. It is made, and its
 * time begins, when somebody first waits for something: an answer out of memory waits for nothing, and needs none.
 */
export function openDeadline(options: DeadlineOptions): Deadline {
  let started: Started | undefined;
  let ended = false;
  return {
    get signal() {
      if (ended && !started)
        return AbortSignal.abort(new TradewindError("caller_left", "the request has ended"));
      started ??= start(options);
      return started.signal;
    },
    [Symbol.dispose]: () => {
      ended = true;
      started?.stop();
    },
  };
}

type Started = { readonly signal: AbortSignal; readonly stop: () => void };

function start({ timeoutMs, onLeave }: DeadlineOptions): Started {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new TradewindError("deadline_exceeded", `no answer within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  const unlisten = onLeave(() => {
    controller.abort(new TradewindError("caller_left", "the caller closed the connection"));
  });
  const stop = (): void => {
    clearTimeout(timer);
    unlisten();
  };
  return { signal: controller.signal, stop };
}
