import { Worker } from "node:worker_threads";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { converse } from "./conversation.ts";
import type { FromSession, SessionOptions, ToSession } from "./messages.ts";
import type { Session } from "./session.ts";

/** A session in a thread of this process: tensors move to it at no cost, but nothing can end it inside a run. */
export async function openSessionThread(
  options: SessionOptions,
  /** The module that the thread runs, for tests. */
  module: URL = entryPoint("./worker", import.meta.url),
): Promise<Session> {
  const worker = new Worker(module, { workerData: options });
  // An error is told before the thread is gone; a run that failed earlier would hand its owner a dead thread.
  let cause = new Error("the thread ended");
  worker.on("error", (error: Error) => {
    cause = error;
  });
  const ended = new Promise<Error>((resolve) => {
    worker.once("exit", () => resolve(cause));
  });
  const { ready, run } = converse({
    send: (message, moved) => worker.postMessage(message, moved),
    onMessage: (hear) => worker.on("message", (message: FromSession) => hear(message)),
    ended,
  });
  return {
    placement: await ready(options.path),
    run,
    ended,
    close: async () => {
      worker.postMessage({ kind: "close" } satisfies ToSession);
      await ended;
    },
    kill: undefined,
  };
}
