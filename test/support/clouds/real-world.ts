import { setTimeout as sleep } from "node:timers/promises";
import { type BackendProcess, startBackendIn } from "#test/support/backend-process.ts";
import type { Instance, Order, World } from "./world.ts";

export type RealWorldOptions = {
  /** The weights that an image has where its order names none, by the image's digest. */
  readonly images: Readonly<Record<string, { readonly models: string }>>;
  /** What a cloud takes to find a machine and fetch an image; the backend's own start comes on top. */
  readonly coldMs?: number;
};

/** Instances as real backends, each a process of its own that computes. */
export function createRealWorld({ images, coldMs = 500 }: RealWorldOptions): World {
  const all: Instance[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(all.map((instance) => instance.stop()));
  };
  return {
    start: (order) => {
      const models = order.env.TRADEWIND_MODELS ?? images[order.image]?.models;
      const instance = startReal(order, { id: `i${all.length + 1}`, coldMs, models });
      all.push(instance);
      return instance;
    },
    instances: () => all,
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Starting = { readonly id: string; readonly coldMs: number; readonly models: string | undefined };

function startReal(order: Order, { id, coldMs, models }: Starting): Instance {
  const { host = "127.0.0.1", port = 0, image, env } = order;
  const stopping = new AbortController();
  let state: ReturnType<Instance["state"]> = "starting";
  let backend: BackendProcess | undefined;
  const begin = async (): Promise<void> => {
    await sleep(coldMs, undefined, { signal: stopping.signal });
    if (models === undefined) throw new Error(`${image} is no image of this world`);
    const signed = env.TRADEWIND_CALL_SECRET === undefined ? [] : ["--signed-calls"];
    const args = ["--host", host, "--port", String(port), "--models", models, "--workers", "1", ...signed];
    backend = await startBackendIn({ env, signal: stopping.signal }, ...args);
    state = "ready";
    void backend.exit.then(() => {
      if (state === "ready") state = "failed";
    });
  };
  const ready = begin().catch((error: unknown) => {
    if (state === "starting") state = "failed";
    throw error;
  });
  ready.catch(() => undefined);
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    const wasReady = state === "ready";
    state = "stopped";
    if (!wasReady) stopping.abort();
    await ready.catch(() => undefined);
    if (backend?.running()) await backend.stop();
  };
  return {
    id,
    order,
    get url() {
      return backend?.url ?? `http://${host}:${port}`;
    },
    state: () => state,
    ready,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
