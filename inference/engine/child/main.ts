import process from "node:process";
import { Worker } from "node:worker_threads";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import type { Scratch } from "../batch-tensors.ts";
import { loadSession, messageOf } from "../load-session.ts";
import type { FromSession, SessionOptions, ToSession } from "../messages.ts";
import { runSession } from "../run-session.ts";

/** A process that holds one session, as `worker.ts` does in a thread; this one may be killed inside a run. */
process.once("message", (options: SessionOptions) => void serve(options));
process.on("disconnect", () => process.exit(0));
new Worker(entryPoint("./orphan-watch/main", import.meta.url), { workerData: process.ppid }).unref();
// A signal to the whole group is for the parent to answer: it ends its children once they are idle.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

async function serve(options: SessionOptions): Promise<void> {
  try {
    const { session, placement } = await loadSession(options);
    const scratch: Scratch = new Map();
    process.on("message", async (message: ToSession) => {
      if (message.kind === "close") return process.disconnect();
      const said = await runSession(session, options.outputs, message, scratch);
      // Nothing moves between processes, so the inputs need not travel back.
      send(said.kind === "done" ? { ...said, spent: [] } : said);
    });
    send({ kind: "ready", placement });
  } catch (error) {
    send({ kind: "unusable", message: messageOf(error) });
  }
}

function send(message: FromSession): void {
  process.send?.(message);
}
