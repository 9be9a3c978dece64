import { type Context, Hono } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import { type InferDeps, inferImages, type ServedModel } from "./infer-images.ts";
import { answerError, answerJson } from "./protocol/answer-error.ts";
import { describeModel } from "./protocol/describe-model.ts";

export type ServerDeps = InferDeps & {
  readonly models: readonly ServedModel[];
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  readonly metrics: Metrics;
};

/** Kept equal to the package's by a test. */
export const serverVersion = "0.1.0";

/** The Open Inference Protocol over models that take images. Nothing is compressed: a client of it cannot read that. */
export function createServer(deps: ServerDeps): Hono {
  const models = new Map(deps.models.map((model) => [model.info.name, model]));
  const allReady = (): boolean => deps.ready() && deps.models.every((model) => model.ready);
  const infer = inferImages(deps);
  const routes: Routes = {
    "/v2": { GET: describeServer },
    "/v2/": { GET: describeServer },
    "/v2/health/live": { GET: (c) => answerJson(c, { live: true }) },
    "/v2/health/ready": {
      GET: (c) => (allReady() ? answerJson(c, { live: true, ready: true }) : notReady(c, "the server")),
    },
    "/v2/repository/index": { POST: (c) => answerJson(c, deps.models.map(indexEntry)) },
    "/metrics": {
      GET: async (c) =>
        c.body(await deps.metrics.metrics(), 200, { "content-type": deps.metrics.contentType }),
    },
    ...modelRoutes("/v2/models/:model", models, infer),
    ...modelRoutes("/v2/models/:model/versions/:version", models, infer),
  };
  const app = new Hono();
  app.use(closeWhileDraining(deps.ready));
  mount(app, routes);
  app.notFound((c) =>
    answerError(new TradewindError("route_unknown", `there is nothing at ${c.req.path.slice(0, 200)}`), c),
  );
  app.onError(answerError);
  return app;
}

type Handler = (c: Context) => Response | Promise<Response>;
type Routes = Readonly<Record<string, Readonly<Partial<Record<"GET" | "POST", Handler>>>>>;

function modelRoutes(
  base: string,
  models: ReadonlyMap<string, ServedModel>,
  infer: (c: Context, model: ServedModel) => Promise<Response>,
): Routes {
  return {
    [base]: {
      GET: (c) => {
        const { info, executionProvider } = modelOf(c, models);
        return answerJson(c, describeModel(info, executionProvider));
      },
    },
    [`${base}/ready`]: {
      GET: (c) => {
        const { ready, info } = modelOf(c, models);
        return ready ? answerJson(c, { name: info.name, ready }) : notReady(c, `model '${info.name}'`);
      },
    },
    [`${base}/infer`]: { POST: (c) => infer(c, modelOf(c, models)) },
  };
}

/** Each path answers its verbs, and any other verb with 405. */
function mount(app: Hono, routes: Routes): void {
  for (const [path, verbs] of Object.entries(routes)) {
    for (const [verb, handler] of Object.entries(verbs)) app.on(verb, path, handler);
    app.all(path, (c) => {
      c.header("allow", Object.keys(verbs).join(", "));
      throw new TradewindError(
        "method_not_allowed",
        `${c.req.method} is not possible here, only ${Object.keys(verbs)}`,
      );
    });
  }
}

/** A connection kept alive would hold the drain open for as long as its client likes. */
function closeWhileDraining(ready: () => boolean) {
  return async function closeConnection(c: Context, next: () => Promise<void>): Promise<void> {
    await next();
    if (!ready()) c.res.headers.set("connection", "close");
  };
}

function describeServer(c: Context): Response {
  return answerJson(c, {
    name: "tradewind",
    version: serverVersion,
    extensions: ["binary_tensor_data", "parameters"],
  });
}

function indexEntry({ info, ready }: ServedModel): object {
  return { name: info.name, version: info.version, state: ready ? "READY" : "UNAVAILABLE", reason: "" };
}

function modelOf(c: Context, models: ReadonlyMap<string, ServedModel>): ServedModel {
  const name = c.req.param("model") ?? "";
  const model = models.get(name);
  if (!model) throw new TradewindError("model_unknown", `there is no model '${name.slice(0, 64)}' here`);
  const version = c.req.param("version") ?? model.info.version;
  if (version === model.info.version) return model;
  const message = `model '${name}' has no version '${version.slice(0, 40)}' here, only ${model.info.version}`;
  throw new TradewindError("model_unknown", message);
}

/** Clients differ in where they look: at the status, at `ready`, or at `error`. */
function notReady(c: Context, what: string): Response {
  c.header("tradewind-error", "model_not_ready");
  c.header("retry-after", "1");
  return answerJson(c, { error: `${what} is not ready`, ready: false }, 503);
}
