import process from "node:process";
import { workerData } from "node:worker_threads";

/**
 * A thread beside a session's process that ends it when its parent is gone. The session's own thread hears of that only
 * between two runs, and one that hangs would stay for ever.
 */
const parent: unknown = workerData;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
}, 500);
