import type { ServerResponse } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import type { OnLeave } from "./deadline.ts";

/** Node's own event where there is a socket: the web request's signal costs a whole web request. */
export function onLeaveOf(c: Context): OnLeave {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  return outgoing ? whenClosed(outgoing as ServerResponse) : whenAborted(c.req.raw.signal);
}

/** A connection that closes before its answer is whole. */
export function whenClosed(outgoing: ServerResponse): OnLeave {
  return (listener) => {
    const onClose = (): void => {
      if (!outgoing.writableFinished) listener();
    };
    if (outgoing.destroyed || outgoing.closed) onClose();
    outgoing.once("close", onClose);
    return () => outgoing.off("close", onClose);
  };
}

function whenAborted(signal: AbortSignal): OnLeave {
  return (listener) => {
    if (signal.aborted) listener();
    signal.addEventListener("abort", listener, { once: true });
    return () => signal.removeEventListener("abort", listener);
  };
}
