import type { IncomingMessage } from "node:http";

export type DiscardOptions = { readonly mostBytes?: number; readonly mostMs?: number };

/**
 * Reads on past an answer that was given before its request was whole: a connection that is closed at once takes the
 * answer with it, and what is left unread would be taken for the next request. Who goes on sending is cut off.
 */
export function discardRest(incoming: IncomingMessage, options: DiscardOptions = {}): void {
  const { mostBytes = 64 * 1_048_576, mostMs = 500 } = options;
  if (incoming.complete || incoming.destroyed) return;
  let bytes = 0;
  const stop = (): void => {
    clearTimeout(timer);
    incoming.off("data", count);
    incoming.off("end", stop);
    incoming.off("close", stop);
  };
  const cut = (): void => {
    stop();
    incoming.socket.destroySoon();
  };
  const count = (chunk: Uint8Array): void => {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) cut();
  };
  const timer = setTimeout(cut, mostMs);
  incoming.on("data", count);
  incoming.once("end", stop);
  incoming.once("close", stop);
  incoming.resume();
}
