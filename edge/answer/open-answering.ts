import type { Hono } from "hono";
import { createInfer } from "#inference/infer/answer-infer.ts";
import { openHotDoor as openInferDoor } from "#inference/infer/hot-door.ts";
import { createServer } from "#inference/server.ts";
import { createLogControl } from "#inference/settings/logging.ts";
import { createTraceControl } from "#inference/settings/trace-control.ts";
import { createStatistics } from "#inference/statistics.ts";
import { createTelemetry } from "#inference/telemetry/create-telemetry.ts";
import { watchModel } from "#inference/watch-model.ts";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { type HttpServer, openHttpServer } from "#infra/runtime/http-server.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { knownHost } from "#infra/runtime/known-host.ts";
import type { Log } from "#infra/runtime/log.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import { requestBeginner } from "./begin-request.ts";
import { createUnwanted } from "./finish-one.ts";
import type { Forwarder } from "./forward.ts";
import { openHotDoor } from "./hot-door.ts";
import { createLocalApi } from "./local-api.ts";
import { type LocalImages, type LocalLimits, usualLimits, usualSloMs } from "./local-ask.ts";
import { modelsOf } from "./models-of.ts";
import type { RunningModels } from "./running-model.ts";
import { createRunningModels, type RunningOptions } from "./running-models.ts";

export type AnsweringOptions = {
  /** How each model is opened; `onBroken` is told of one that can never answer again. */
  readonly sessions: Omit<RunningOptions, "clock" | "onOpen" | "open">;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Log;
  readonly metrics: Metrics;
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  /** Models that are to run here, though some may not yet. */
  readonly expected?: () => readonly string[];
  readonly limits?: Partial<LocalLimits>;
  readonly sloMs?: number;
  readonly forwarder?: Forwarder | undefined;
};

/** The models of the device and the API over them, but for its address. */
export type Answering = AsyncDisposable & {
  readonly running: RunningModels;
  /** Opens the door; only this machine can knock unless another host is named. */
  readonly listen: (where: ListenOptions) => Promise<HttpServer>;
};

export type ListenOptions = {
  readonly host?: string;
  readonly port: number;
  /** Other names by which it is reached. */
  readonly hosts?: readonly string[];
  /** Routes beside the API's own, such as the agent's. */
  readonly beside?: Hono;
};

export function openAnswering(options: AnsweringOptions): Answering {
  const { clock, chance, log, metrics, ready, limits: given, forwarder } = options;
  const statistics = createStatistics({ clock });
  const telemetry = createTelemetry({ metrics, statistics });
  const running = createRunningModels({
    ...options.sessions,
    clock,
    onOpen: (model) => watchModel(model, { telemetry, log }),
  });
  const models = modelsOf(running);
  const limits = { ...usualLimits, ...given };
  const traceControl = createTraceControl();
  const bounds = { maxBodyBytes: limits.body, maxInFlight: limits.inFlight };
  const infer = createInfer({ models, telemetry, clock, traceControl, log, limits: bounds });
  const logControl = createLogControl(log);
  const backend = createServer({
    ...{ models, infer, metrics, statistics, ready, traceControl, logControl, clock, chance },
  });
  const { expected = () => [], sloMs = usualSloMs } = options;
  const inFlight = createInFlight({ most: limits.inFlight, mostBytes: limits.bodiesInHand });
  const images: LocalImages = {
    ...{ running, expected, limits, sloMs, inFlight, telemetry, forwarder, clock },
    unwanted: createUnwanted(),
  };
  const begin = requestBeginner(clock, chance);
  const inferDoor = openInferDoor({ infer, ready, chance });
  return {
    running,
    listen: ({ host = "127.0.0.1", port, hosts = [], beside }) => {
      const isKnownHost = knownHost([host, ...hosts]);
      const { fetch } = createLocalApi({ images, begin, ready, backend, beside, isKnownHost });
      const hot = openHotDoor({ images, begin, ready, isKnownHost, infer: inferDoor });
      return openHttpServer({ fetch, hot, host, port });
    },
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
