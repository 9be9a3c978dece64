import { BroadcastChannel, parentPort, workerData } from "node:worker_threads";
import type { FromThread, SessionOptions, ToThread } from "#inference/engine/messages.ts";

/**
 * A session's thread without a model: an input of 0 comes back at once, 1 when the gate named like the model opens,
 * 2 fails, and 3 kills the thread.
 */
const gate = new BroadcastChannel((workerData as SessionOptions).path);
const held: (() => void)[] = [];
gate.onmessage = () => held.shift()?.();

parentPort?.on("message", (message: ToThread) => {
  if (message.kind === "close") {
    gate.close();
    parentPort?.close();
    return;
  }
  const [wish] = message.inputs.x?.data ?? [];
  if (wish === 3) throw new Error("killed by the test");
  const done: FromThread = { kind: "done", outputs: message.inputs, ms: 1 };
  if (wish === 2) post({ kind: "failed", message: "as told" });
  else if (wish === 1) held.push(() => post(done));
  else post(done);
});
post({ kind: "ready" });

function post(message: FromThread): void {
  parentPort?.postMessage(message);
}
