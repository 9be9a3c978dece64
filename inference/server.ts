import { type Context, Hono } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { CallVerifier } from "#infra/runtime/signed-call.ts";
import type { Infer } from "./infer/answer-infer.ts";
import { answerError, answerJson } from "./protocol/answer-error.ts";
import { inferRoute } from "./routes/infer.ts";
import { answerNotReady, modelRoutes } from "./routes/models.ts";
import { repositoryRoutes } from "./routes/repository.ts";
import { mount, type RouteTable } from "./routes/route-table.ts";
import { type SettingsDeps, settingsRoutes } from "./routes/settings.ts";
import { sharedMemoryRoutes } from "./routes/shared-memory.ts";
import { demandSignature } from "./signed-calls.ts";
import type { Statistics } from "./statistics.ts";
import { reportFailures } from "./telemetry/report-failures.ts";
import { continueTrace } from "./trace.ts";

export type ServerDeps = SettingsDeps & {
  readonly infer: Infer;
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly metrics: Metrics;
  readonly statistics: Statistics;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Where only signed calls are answered. */
  readonly calls?: CallVerifier | undefined;
};

/** Kept equal to the package's by a test. */
export const serverVersion = "0.1.0";

/** The Open Inference Protocol over models, as Triton's, KServe's and MLServer's clients speak it. */
export function createServer(deps: ServerDeps): Hono {
  const app = new Hono();
  app.use(continueTrace(deps.chance));
  app.use(reportFailures(deps.clock));
  app.use(closeWhileDraining(deps.ready));
  if (deps.calls) app.use(demandSignature(deps.calls));
  mount(app, {
    ...serverRoutes(deps),
    ...repositoryRoutes(deps.models),
    ...settingsRoutes(deps),
    ...sharedMemoryRoutes,
    ...modelRoutes({ models: deps.models, statistics: deps.statistics, infer: inferRoute(deps.infer) }),
  });
  app.notFound((c) =>
    answerError(new TradewindError("route_unknown", `there is nothing at ${c.req.path.slice(0, 200)}`), c),
  );
  app.onError(answerError);
  return app;
}

function serverRoutes({ ready, models, metrics }: ServerDeps): RouteTable {
  const allReady = (): boolean => ready() && models.ready;
  return {
    "/v2": { GET: describeServer },
    "/v2/": { GET: describeServer },
    "/v2/health/live": { GET: (c) => answerJson(c, { live: true }) },
    "/v2/health/ready": {
      GET: (c) => (allReady() ? answerJson(c, { live: true, ready: true }) : answerNotReady(c, "the server")),
    },
    "/metrics": {
      GET: async (c) => c.body(await metrics.metrics(), 200, { "content-type": metrics.contentType }),
    },
  };
}

/** A connection kept alive would hold the drain open for as long as its client likes. */
function closeWhileDraining(ready: () => boolean) {
  return async function closeConnection(c: Context, next: () => Promise<void>): Promise<void> {
    await next();
    if (!ready()) c.res.headers.set("connection", "close");
  };
}

const extensions = [
  "binary_tensor_data",
  "classification",
  "logging",
  "model_configuration",
  "model_repository",
  "parameters",
  "schedule_policy",
  "statistics",
  "trace",
];

function describeServer(c: Context): Response {
  return answerJson(c, { name: "tradewind", version: serverVersion, extensions });
}
