import { TradewindError } from "#infra/runtime/errors.ts";

export type Deadline = Disposable & { readonly signal: AbortSignal };

/** How a door tells that its caller is gone; returns the way to stop listening. */
export type OnLeave = (listener: () => void) => () => void;

/**
 * The one signal of a request, handed down to everything that waits for it. It aborts with a catalogue error as its
 * reason, so that whoever stops knows whether the caller left (nobody's fault) or the time was up.
 */
export function openDeadline({
  timeoutMs,
  onLeave,
}: {
  readonly timeoutMs: number;
  readonly onLeave: OnLeave;
}): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new TradewindError("deadline_exceeded", `no answer within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  const unlisten = onLeave(() => {
    controller.abort(new TradewindError("caller_left", "the caller closed the connection"));
  });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      unlisten();
    },
  };
}
