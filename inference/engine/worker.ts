import { parentPort, workerData } from "node:worker_threads";
import type { Scratch } from "./batch-tensors.ts";
import { loadSession, messageOf } from "./load-session.ts";
import { buffersOf, type FromSession, type SessionOptions, type ToSession } from "./messages.ts";
import { runSession } from "./run-session.ts";

/** A thread that holds one session: it loads, says so, answers one batch at a time, and ends when told to while idle. */
const options = workerData as SessionOptions;

try {
  const { session, placement } = await loadSession(options);
  const scratch: Scratch = new Map();
  parentPort?.on("message", async (message: ToSession) => {
    if (message.kind === "run") return post(await runSession(session, options.outputs, message, scratch));
    await session.release();
    parentPort?.close();
  });
  post({ kind: "ready", placement });
} catch (error) {
  post({ kind: "unusable", message: messageOf(error) });
}

function post(message: FromSession): void {
  parentPort?.postMessage(message, message.kind === "done" ? movedBy(message) : []);
}

function movedBy({ answers, spent }: Extract<FromSession, { readonly kind: "done" }>): ArrayBuffer[] {
  const outputs = answers.flatMap((answer) => ("outputs" in answer ? [answer.outputs] : []));
  return buffersOf([...outputs, ...spent]);
}
