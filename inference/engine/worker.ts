import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { systemClock } from "#infra/runtime/clock.ts";
import { buffersOf, type FromThread, type SessionOptions, type Tensors, type ToThread } from "./messages.ts";

/** A thread that holds one session: it loads, says so, answers one run at a time, and ends when told to while idle. */
const { path, outputs: wanted } = workerData as SessionOptions;

try {
  serve(await load(path));
  post({ kind: "ready" });
} catch (error) {
  post({ kind: "unusable", message: messageOf(error) });
}

/** One thread a session and no spinning: pools scale by sessions, and a spinning thread starves the decoder beside it. */
function load(file: string): Promise<InferenceSession> {
  return InferenceSession.create(file, {
    executionProviders: ["cpu"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    // Errors reach the log as the pool's own; warnings about a graph's style help nobody who only serves it.
    logSeverityLevel: 4,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  });
}

function serve(session: InferenceSession): void {
  parentPort?.on("message", async (message: ToThread) => {
    if (message.kind === "run") return post(await run(session, message.inputs));
    await session.release();
    parentPort?.close();
  });
}

async function run(session: InferenceSession, inputs: Tensors): Promise<FromThread> {
  try {
    const started = systemClock.elapsed();
    const answers = await session.run(toFeeds(inputs), wanted);
    return { kind: "done", outputs: toTensors(answers), ms: systemClock.elapsed() - started };
  } catch (error) {
    return { kind: "failed", message: messageOf(error) };
  }
}

function toFeeds(inputs: Tensors): Record<string, OnnxTensor> {
  const feeds = Object.entries(inputs).map(([name, { dims, data }]) => [
    name,
    new OnnxTensor("float32", data, dims),
  ]);
  return Object.fromEntries(feeds);
}

function toTensors(answers: InferenceSession.OnnxValueMapType): Tensors {
  const tensors = Object.entries(answers).map(([name, { data, dims, type }]) => {
    if (!(data instanceof Float32Array)) throw new Error(`output '${name}' is ${type}, expected float32`);
    return [name, { dims, data }];
  });
  return Object.fromEntries(tensors);
}

function post(message: FromThread): void {
  parentPort?.postMessage(message, message.kind === "done" ? buffersOf(message.outputs) : []);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
