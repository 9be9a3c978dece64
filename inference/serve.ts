import { availableParallelism } from "node:os";
import { systemClock } from "#infra/runtime/clock.ts";
import { byteSize } from "#infra/runtime/config/units.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { findModels, type ModelFile, singleModel } from "./models/repository.ts";
import { openModels } from "./open-model.ts";
import { createServer } from "./server.ts";
import { createTelemetry } from "./telemetry.ts";

export type ServeOptions = {
  /** A folder of models. */
  readonly models: string | undefined;
  /** One model file. */
  readonly model: string | undefined;
  readonly host: string;
  readonly port: number;
  /** Threads for each model. */
  readonly workers: number;
  /** The largest request, which is an image, or several, and what is said about them. */
  readonly maxBodyBytes?: number;
  readonly log: Log;
};

/** Models first, the door last: whoever finds the door open finds warm models behind it. */
export async function serveInference(life: Lifecycle, options: ServeOptions): Promise<void> {
  const { host, port, workers, maxBodyBytes, log } = options;
  const files = await modelFiles(options);
  const models = await openModels(files, {
    workers,
    clock: systemClock,
    signal: life.stopping,
    // A process that stays up without being of use is never replaced by whoever watches over it.
    onBroken: life.fail,
  });
  for (const model of models) life.resources.use(model);
  const metrics = createMetrics();
  const telemetry = createTelemetry(metrics);
  const limits = maxBodyBytes === undefined ? {} : { maxBodyBytes };
  const app = createServer({ models, ready: () => life.ready, metrics, telemetry, ...limits });
  const server = life.resources.use(await openHttpServer({ fetch: app.fetch, host, port }));
  life.announce({ url: server.url });
  log.info(
    { url: server.url, models: models.map(({ info }) => `${info.name}:${info.version}`), workers },
    "the backend is ready",
  );
}

/** `auto` is one thread a core, since each session computes on one. */
export function readWorkers(text: string): number {
  const workers = text === "auto" ? availableParallelism() : Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= 256) return workers;
  throw new TradewindError("config_invalid", `"${text}" is no number of workers, expected 1 to 256 or auto`);
}

/** More than a body that fits into memory several times over is a slip of the unit. */
const mostBodyBytes = 1_073_741_824;

export function readMaxBody(text: string): number {
  const { data, error } = byteSize.safeParse(text);
  if (data !== undefined && data <= mostBodyBytes) return data;
  const problem = error?.issues[0]?.message ?? `expected at most 1GiB, got "${text}"`;
  throw new TradewindError("config_invalid", `--max-body: ${problem}`);
}

async function modelFiles({ models, model }: ServeOptions): Promise<ModelFile[]> {
  if (model !== undefined && models === undefined) return [await singleModel(model)];
  if (models !== undefined && model === undefined) return findModels(models);
  throw new TradewindError("config_invalid", "give either --models with a folder or --model with a file");
}
