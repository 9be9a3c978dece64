import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { LoopOptions, LoopOrder, LoopTaken } from "./loop-messages.ts";

export type LoopsOrder = LoopOrder & { readonly loops: number };

/** The ceiling's process: as many threads as the backend has workers, of which an order uses the first so many. */
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
const [options, threads] = JSON.parse(process.argv[2] ?? "") as [LoopOptions, number];
const workers = await Promise.all(Array.from({ length: threads }, openLoop));
process.on("message", async ({ loops, ...order }: LoopsOrder) => {
  const taken = await Promise.all(workers.slice(0, loops).map((worker) => run(worker, order)));
  process.send?.({ perSecond: taken.reduce((sum, { images, seconds }) => sum + images / seconds, 0) });
});
process.send?.("ready");

async function openLoop(): Promise<Worker> {
  const worker = new Worker(new URL("./bare-loop.ts", import.meta.url), { workerData: options });
  await once(worker, "message");
  return worker;
}

async function run(worker: Worker, order: LoopOrder): Promise<LoopTaken> {
  const answered = once(worker, "message");
  worker.postMessage(order);
  const [taken] = await answered;
  return taken;
}
