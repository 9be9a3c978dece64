import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import type { Lifecycle } from "#infra/runtime/lifecycle.ts";
import type { Log } from "#infra/runtime/log.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { createCallVerifier } from "#infra/runtime/signed-call.ts";
import { watchMemory } from "./engine/memory-watch.ts";
import type { ExecutionProvider } from "./engine/messages.ts";
import { createInfer } from "./infer/answer-infer.ts";
import { openHotDoor } from "./infer/hot-door.ts";
import type { Control } from "./models/repository/model-repository.ts";
import { openRepository } from "./models/repository/open-repository.ts";
import type { IndexEntry } from "./models/repository/version-state.ts";
import type { PassedOver } from "./models/upstream.ts";
import { openRequested } from "./open-requested.ts";
import { type ModelPlace, openSource } from "./open-source.ts";
import type { Models } from "./served-faces.ts";
import { createServer } from "./server.ts";
import { createLogControl } from "./settings/logging.ts";
import { createTraceControl } from "./settings/trace-control.ts";
import { createStatistics, type Statistics } from "./statistics.ts";
import { createTelemetry, type Telemetry } from "./telemetry/create-telemetry.ts";
import { logFailures } from "./telemetry/log-failures.ts";

export type ServeOptions = {
  readonly models: ModelPlace;
  readonly control: Control;
  /** A model that takes no images is refused instead of served as tensors. */
  readonly imagesOnly: boolean;
  readonly host: string;
  readonly port: number;
  /** Sessions for each model, or requests to an upstream server at once. */
  readonly workers: number;
  /** Each session in a process of its own, which can be killed. */
  readonly isolate: boolean;
  readonly executionProviders: readonly ExecutionProvider[];
  readonly runTimeoutMs: number;
  /** The largest request. */
  readonly maxBodyBytes: number;
  /** Any of them signs a call; undefined: whoever reaches the door is let in. */
  readonly callSecrets: readonly string[] | undefined;
  readonly machine: Machine;
  readonly log: Log;
};

/** What the process knows of what it runs on. */
export type Machine = {
  /** Beyond it sessions are replaced by fresh ones. */
  readonly memoryLimitBytes: number;
  readonly readRss: () => number;
  readonly exactQuantized: boolean;
};

/** Models first, the door last: whoever finds the door open finds warm models behind it. */
export async function serveInference(life: Lifecycle, options: ServeOptions): Promise<void> {
  const { host, port, log, control, maxBodyBytes, callSecrets: secrets } = options;
  life.resources.use(logFailures(log, systemClock));
  const metrics = createMetrics();
  const statistics = createStatistics({ clock: systemClock });
  const telemetry = createTelemetry({ metrics, statistics });
  const onPassedOver = (models: readonly PassedOver[]): void => tellPassedOver(models, log);
  const source = life.resources.use(await openSource(options.models, { control, onPassedOver }));
  if (source.upstream) log.info({ url: source.upstream.url }, "asking the upstream server for its models");
  const models = life.resources.use(
    await openRepository({
      ...{ source, control, clock: systemClock, signal: life.stopping },
      // A process that stays up without being of use is never replaced by whoever watches over it.
      open: (request, { signal }) =>
        openRequested(request, { ...options, source, telemetry, signal, onBroken: life.fail }),
      onChange: (entry) => tell(entry, options, life.ready),
    }),
  );
  const traceControl = createTraceControl();
  const ready = (): boolean => life.ready;
  const limits = { maxBodyBytes };
  const infer = createInfer({ models, telemetry, clock: systemClock, traceControl, log, limits });
  const calls = secrets && createCallVerifier({ secrets, now: systemClock.now });
  const { fetch } = createServer({
    ...{ models, infer, metrics, statistics, ready, traceControl },
    ...{ clock: systemClock, chance: systemChance, logControl: createLogControl(log), calls },
  });
  const hot = openHotDoor({ infer, ready, chance: systemChance, calls });
  void recycleWhenGrown(models, { statistics, telemetry }, options, life.stopping);
  const { url } = life.resources.use(await openHttpServer({ fetch, hot, host, port }));
  life.announce({ url });
  log.info(
    { url, models: models.serving.map(({ name, version }) => `${name}:${version}`) },
    "the backend is ready",
  );
}

/** What goes wrong at start is said once, in the line with which the process ends; under polling it does not end. */
function tell(
  { name: model, ...change }: IndexEntry,
  { log, control }: ServeOptions,
  started: boolean,
): void {
  const { state, reason } = change;
  const isTold = started || (control.mode === "poll" && state === "UNAVAILABLE");
  if (state === "LOADING" || state === "UNLOADING" || !isTold)
    log.debug({ model, ...change }, "model changed");
  else if (state === "READY" || reason === "unloaded") log.info({ model, ...change }, "model changed");
  else log.warn({ model, ...change }, "model changed");
}

function tellPassedOver(passedOver: readonly PassedOver[], log: Log): void {
  if (passedOver.length === 0) log.info("no model of the upstream server is passed over any more");
  else log.warn({ passed_over: passedOver }, "models of the upstream server cannot be served");
}

const lookEveryMs = 30_000;

/** onnxruntime keeps what it once needed; fresh sessions give it back. */
function recycleWhenGrown(
  models: Models,
  { statistics, telemetry }: { readonly statistics: Statistics; readonly telemetry: Telemetry },
  { machine, log }: ServeOptions,
  signal: AbortSignal,
): Promise<void> {
  const onRecycle = async (): Promise<void> => {
    for (const { loaded } of models.serving) {
      const sessions = await loaded.recycle();
      if (sessions === 0) continue;
      const { name: model, version } = loaded;
      for (let one = 0; one < sessions; one += 1)
        telemetry.workerReplaced({ model, version, why: "recycled" });
      log.warn({ model, version, sessions }, "sessions replaced, the process had grown");
    }
  };
  const requests = (): number => statistics.tallies().reduce((sum, { success }) => sum + success.count, 0);
  return watchMemory({
    ...{ readRss: machine.readRss, requests, limitBytes: machine.memoryLimitBytes, signal },
    ...{ clock: systemClock, everyMs: lookEveryMs, onRecycle },
  });
}
