import type { Hono } from "hono";
import { pino } from "pino";
import { createInfer, type InferLimits } from "#inference/infer/answer-infer.ts";
import { openHotDoor } from "#inference/infer/hot-door.ts";
import type { Control } from "#inference/models/repository/model-repository.ts";
import { openRepository } from "#inference/models/repository/open-repository.ts";
import { type OpenModel, type OpenModelOptions, openModel } from "#inference/open-model.ts";
import { openSource } from "#inference/open-source.ts";
import type { Models } from "#inference/served-faces.ts";
import { createServer } from "#inference/server.ts";
import { createLogControl } from "#inference/settings/logging.ts";
import { createTraceControl } from "#inference/settings/trace-control.ts";
import { createStatistics } from "#inference/statistics.ts";
import { createTelemetry } from "#inference/telemetry/create-telemetry.ts";
import { watchModel } from "#inference/watch-model.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { HotDoor } from "#infra/runtime/http-server.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import type { CallVerifier } from "#infra/runtime/signed-call.ts";

export type TestServer = AsyncDisposable & {
  readonly app: Hono;
  /** What stands before the app where there is a socket. */
  readonly hot: HotDoor;
  readonly models: Models;
  /** What `ready` of the process would say. */
  ready: boolean;
};

export type TestServerOptions = Partial<OpenModelOptions> & {
  readonly control?: Control;
  readonly limits?: InferLimits;
  /** Where only signed calls are answered. */
  readonly calls?: CallVerifier;
};

/** The whole backend over a folder of models, but for its process and its socket. */
export async function openTestServer(folder: string, options: TestServerOptions = {}): Promise<TestServer> {
  const { control = { mode: "none" }, limits = {}, calls, ...opening } = options;
  const stack = new AsyncDisposableStack();
  const metrics = createMetrics({ processMetrics: false });
  const statistics = createStatistics({ clock: systemClock });
  const telemetry = createTelemetry({ metrics, statistics });
  const log = pino({ level: "silent" });
  const source = stack.use(
    await openSource({ kind: "repository", url: folder, cache: undefined }, { control }),
  );
  const { signal } = new AbortController();
  const models = stack.use(
    await openRepository<OpenModel>({
      ...{ source, control, clock: systemClock, signal },
      open: ({ settings, ...file }, { signal }) =>
        openModel(file, {
          ...{ workers: 1, clock: systemClock, settings, signal },
          onOpen: (model) => watchModel(model, { telemetry, log }),
          ...opening,
        }),
    }),
  );
  const server = { ready: true };
  const traceControl = createTraceControl();
  const infer = createInfer({ models, telemetry, clock: systemClock, traceControl, log, limits });
  const ready = (): boolean => server.ready;
  const app = createServer({
    ...{ models, infer, metrics, statistics, ready, traceControl },
    ...{ clock: systemClock, chance: systemChance, logControl: createLogControl(log), calls },
  });
  const hot = openHotDoor({ infer, ready, chance: systemChance, calls });
  return Object.assign(server, { app, hot, models, [Symbol.asyncDispose]: () => stack.disposeAsync() });
}
