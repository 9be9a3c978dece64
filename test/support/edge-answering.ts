import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { type Answering, type AnsweringOptions, openAnswering } from "#edge/answer/open-answering.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { HttpServer } from "#infra/runtime/http-server.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";

/** As a repository of the backend's own. */
export const demoFolder = join(import.meta.dirname, "../../inference/models/demo");

export type LocalEdge = AsyncDisposable &
  Pick<HttpServer, "url" | "port"> & { readonly answering: Answering; ready: boolean };

/** The device's API over the demo models, or over others by what is turned to, listening on a port of this machine. */
export async function openLocalEdge(
  models: readonly string[] = ["digits-n"],
  options: Partial<AnsweringOptions> = {},
): Promise<LocalEdge> {
  const stack = new AsyncDisposableStack();
  const state = { ready: true };
  const answering = stack.use(
    openAnswering({
      sessions: { workers: 1 },
      clock: systemClock,
      chance: systemChance,
      log: pino({ level: "silent" }),
      metrics: createMetrics({ processMetrics: false }),
      ready: () => state.ready,
      ...options,
    }),
  );
  const { signal } = new AbortController();
  for (const name of models) await answering.running.turnTo(demoModel(name), { signal });
  const { url, port } = stack.use(await answering.listen({ port: 0 }));
  return Object.assign(state, { answering, url, port, [Symbol.asyncDispose]: () => stack.disposeAsync() });
}

/** A demo model as a release of another name and number. */
export function demoModel(file: string, { name = file, release = 1, version = String(release) } = {}) {
  const path = join(demoFolder, file, "1/model.onnx");
  const sha256 = createHash("sha256").update(readFileSync(path)).digest("hex");
  return { name, version, path, release, sha256 };
}
