import { Worker } from "node:worker_threads";
import { entryPoint } from "#infra/runtime/entry-point.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { buffersOf, type FromThread, type SessionOptions, type Tensors, type ToThread } from "./messages.ts";

export type SessionAnswer = { readonly outputs: Tensors; readonly inferenceMs: number };

/** One thread with one session. It takes one run at a time: its owner waits for an answer before asking again. */
export type SessionThread = {
  /** Moves the tensors' memory to the thread; the caller's are empty afterwards. */
  readonly run: (inputs: Tensors) => Promise<SessionAnswer>;
  /** Settles when the thread is gone, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** To be called only while no run is under way: a thread that ends inside one takes the process with it. */
  readonly close: () => Promise<void>;
};

export type ThreadOptions = SessionOptions & {
  /** The module that the thread runs, for tests. */
  readonly module?: URL;
};

/** Resolves when the model is loaded, and throws `model_unusable` when it can't be. */
export async function openSessionThread(options: ThreadOptions): Promise<SessionThread> {
  const { path, outputs, module = entryPoint("./worker", import.meta.url) } = options;
  const worker = new Worker(module, { workerData: { path, outputs } satisfies SessionOptions });
  const waiting: Waiting = {};
  // An error is told before the thread is gone; a run that failed earlier would hand its owner a dead thread.
  let cause = new Error("the thread ended");
  worker.on("error", (error: Error) => {
    cause = error;
  });
  const ended = new Promise<void>((resolve) => {
    worker.once("exit", () => {
      resolve();
      waiting.fail?.(cause);
    });
  });
  worker.on("message", (message: FromThread) => waiting.hear?.(message));
  const ready = await nextMessage(waiting, () => {}).catch(died);
  if (ready.kind === "unusable") throw unusable(path, ready.message);
  return {
    run: async (inputs) => {
      const send = () => worker.postMessage({ kind: "run", inputs } satisfies ToThread, buffersOf(inputs));
      const answer = await nextMessage(waiting, send).catch(died);
      if (answer.kind === "done") return { outputs: answer.outputs, inferenceMs: answer.ms };
      throw new TradewindError("internal", "the model failed on this input", { cause: answer });
    },
    ended,
    close: async () => {
      worker.postMessage({ kind: "close" } satisfies ToThread);
      await ended;
    },
  };
}

type Waiting = { hear?: (message: FromThread) => void; fail?: (error: Error) => void };

function nextMessage(waiting: Waiting, send: () => void): Promise<FromThread> {
  return new Promise((resolve, reject) => {
    waiting.hear = resolve;
    waiting.fail = reject;
    send();
  });
}

function died(cause: unknown): never {
  throw new TradewindError("internal", "the model's worker thread died", { cause });
}

function unusable(path: string, said: string): TradewindError {
  return new TradewindError("model_unusable", `onnxruntime cannot load ${path}: ${said.slice(0, 500)}`, {
    hint: "export the model again, or check that the file is whole",
  });
}
