import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { createHandedOver, type HandedOver } from "./handed-over.ts";
import type { FromWorker, ToWorker } from "./messages.ts";

/** A process that serves, seen from the one that started it. */
export type ForkedWorker = {
  /** What cannot be sent any more is told by `gone`. */
  readonly send: (message: ToWorker) => void;
  readonly onMessage: (hear: (message: FromWorker) => void) => void;
  /** How it ended, once everything that it said was heard. */
  readonly gone: Promise<Ending>;
  readonly kill: () => void;
};

export type Ending = { readonly clean: boolean; readonly how: string };

/** Makes the way to start processes that share this one's listening sockets; connections are handed round in turn. */
export function createForking(): () => ForkedWorker {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({
    exec: fileURLToPath(entryPoint("./worker/main", import.meta.url)),
    args: [],
    // JSON would lose the numbers of metrics that are none.
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const handedOver = createHandedOver();
  return () => {
    const worker = fork();
    return worker instanceof Error ? neverThere(worker) : watched(worker, handedOver);
  };
}

function watched(worker: Worker, handedOver: HandedOver): ForkedWorker {
  let isStopping = false;
  const drop = handedOver.watch(worker.process, () => isStopping);
  return {
    send: (message) => {
      isStopping ||= message.kind === "stop";
      worker.process.send?.(message, () => {});
    },
    onMessage: (hear) => void worker.on("message", (message) => hear(message as FromWorker)),
    gone: whenGone(worker).then((ending) => {
      drop();
      return ending;
    }),
    kill: () => void worker.process.kill("SIGKILL"),
  };
}

/** A machine without room for another process throws, or gives one without a number and an event later. */
function fork(): Worker | Error {
  try {
    // Under node --watch each module that is loaded would be told to this process as a message.
    const worker = cluster.fork({ WATCH_REPORT_DEPENDENCIES: undefined });
    // What cannot be sent is told by the process being gone.
    worker.on("error", () => {});
    return worker.process.pid === undefined ? new Error("there is no room for a process") : worker;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function neverThere({ message }: Error): ForkedWorker {
  const gone = Promise.resolve({ clean: false, how: message });
  return { send: () => {}, onMessage: () => {}, gone, kill: () => {} };
}

/** A process may be seen to end before its last words are read; its channel closes after them. */
function whenGone(worker: Worker): Promise<Ending> {
  return new Promise((resolve) => {
    let ending: Ending | undefined;
    const look = (): void => {
      if (ending && !worker.isConnected()) resolve(ending);
    };
    worker.on("exit", (code, signal) => {
      ending = { clean: code === 0, how: signal ?? `exit code ${code}` };
      look();
    });
    worker.on("disconnect", look);
  });
}
