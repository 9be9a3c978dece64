import { EventEmitter } from "node:events";
import type { HostProcess, ProcessDoor } from "#infra/runtime/lifecycle.ts";
import type { FromWorker, ServeOrder, ToWorker } from "./messages.ts";

/** How a worker hears its primary: as orders, and as the one signal to stop that its lifecycle listens for. */
export type WorkerChannel = {
  readonly door: ProcessDoor;
  readonly send: (message: FromWorker) => void;
  /** The first thing that it is told. */
  readonly order: (signal: AbortSignal) => Promise<ServeOrder>;
  readonly onMessage: (hear: (message: ToWorker) => void) => void;
};

/**
 * The signals of a terminal or of a service manager reach the whole group, so a worker leaves them to its primary, which
 * tells it to stop once: then its own and the terminal's are never taken for a second signal. When the primary is gone
 * its channel closes, and the worker finishes what it has in hand.
 */
export function openWorkerChannel(process: HostProcess): WorkerChannel {
  const signals = new EventEmitter();
  const hearing = new Set<(message: ToWorker) => void>();
  const order = Promise.withResolvers<ServeOrder>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  process.on("disconnect", () => signals.emit("disconnect"));
  process.on("message", (message: ToWorker) => {
    if (message.kind === "serve") order.resolve(message);
    else if (message.kind === "stop") signals.emit("SIGTERM");
    else for (const hear of hearing) hear(message);
  });
  const send = (message: unknown): void => void process.send?.(message);
  const door = Object.assign(signals, { send });
  return {
    door,
    send,
    order: (signal) => {
      signal.addEventListener("abort", () => order.reject(signal.reason), { once: true });
      return order.promise;
    },
    onMessage: (hear) => void hearing.add(hear),
  };
}
