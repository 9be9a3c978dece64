import type { Context } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { GatewayEnv } from "../gateway-env.ts";

export type Deadline = Disposable & { readonly signal: AbortSignal };

/**
 * The one signal of a request, handed down to everything that waits for it. It aborts with a catalogue error as its
 * reason, so that whoever stops knows whether the caller left (nobody's fault) or the time was up.
 */
export function deadlineFor(c: Context<GatewayEnv>, { timeoutMs }: { readonly timeoutMs: number }): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(new TradewindError("deadline_exceeded", `no answer within ${timeoutMs / 1000} s`));
  }, timeoutMs);
  const onLeave = (): void => {
    controller.abort(new TradewindError("caller_left", "the caller closed the connection"));
  };
  const callers = c.req.raw.signal;
  if (callers.aborted) onLeave();
  callers.addEventListener("abort", onLeave, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      callers.removeEventListener("abort", onLeave);
    },
  };
}
