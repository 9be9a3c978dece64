import { BroadcastChannel, parentPort, workerData } from "node:worker_threads";
import type { Tensors } from "#inference/contract.ts";
import type { FromSession, RunOutcome, SessionOptions, ToSession } from "#inference/engine/messages.ts";

/**
 * A session's thread without a model: an input of 0 comes back at once, 1 when the gate named like the model opens,
 * 2 fails, and 3 kills the thread.
 */
const gate = new BroadcastChannel((workerData as SessionOptions).path);
const held: (() => void)[] = [];
gate.onmessage = () => held.shift()?.();

parentPort?.on("message", (message: ToSession) => {
  if (message.kind === "close") {
    gate.close();
    parentPort?.close();
    return;
  }
  const wishes = message.runs.map(({ x }) => x?.data[0]);
  if (wishes.includes(3)) throw new Error("killed by the test");
  const done: FromSession = { kind: "done", answers: message.runs.map(answerTo), spent: message.runs, ms: 1 };
  if (wishes.includes(1)) held.push(() => post(done));
  else post(done);
});
post({ kind: "ready", placement: { executionProvider: "cpu", passedOver: [] } });

function answerTo(run: Tensors): RunOutcome {
  return run.x?.data[0] === 2 ? { failed: "as told" } : { outputs: run };
}

function post(message: FromSession): void {
  parentPort?.postMessage(message);
}
