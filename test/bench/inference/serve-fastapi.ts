import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../support/free-port.ts";
import { type Child, openChild } from "./child.ts";
import type { Requests } from "./requests.ts";
import type { Subject } from "./subject.ts";

/** How one process of the peer divides its work. */
export type PeerTuning = {
  /** Images in hand at once. */
  readonly threads: number;
  /** Threads of onnxruntime for one image. */
  readonly intraOp: number;
};

/** Where the peer's code lies. */
export const peerFolder = join(import.meta.dirname, "../peers/fastapi");

export type FastapiOptions = PeerTuning & {
  readonly python: string;
  readonly path: string;
  readonly signal: AbortSignal;
};

export async function serveFastapi({ python, path, threads, intraOp, signal }: FastapiOptions) {
  const port = await freePort();
  const uvicorn = ["--port", String(port), "--loop", "uvloop", "--http", "httptools"];
  const quiet = ["--no-access-log", "--log-level", "warning"];
  const child = await openChild({
    command: python,
    args: ["-B", "-m", "uvicorn", "app:app", ...uvicorn, ...quiet],
    cwd: peerFolder,
    env: {
      PEER_MODEL: path,
      PEER_THREADS: String(threads),
      PEER_INTRA_OP: String(intraOp),
      PEER_BENCH_PID: String(process.pid),
    },
    channel: false,
    signal,
  });
  try {
    await becomeReady(child, port, signal);
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return { pid: child.pid, port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

export function fastapiRequests({ files }: Subject): Requests {
  return { form: "bytes", path: "/detect", files };
}

async function becomeReady(child: Child, port: number, signal: AbortSignal): Promise<void> {
  for (const started = performance.now(); performance.now() - started < 60_000; await sleep(100)) {
    signal.throwIfAborted();
    if (child.ended()) break;
    const limits = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
    const answer = await fetch(`http://127.0.0.1:${port}/ready`, { signal: limits }).catch(() => undefined);
    if (answer?.ok) return;
  }
  throw new Error(`the peer did not get ready; it said:\n${child.output()}`);
}
