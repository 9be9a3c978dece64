import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { type TaskPath, taskPaths } from "#inference/image-api/image-request.ts";
import { problemOf } from "#inference/image-api/problem-details.ts";
import { onLeaveOf } from "#infra/runtime/caller-leaves.ts";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { KnownHost } from "#infra/runtime/known-host.ts";
import { readBody } from "#infra/runtime/read-body.ts";
import { answerImages } from "./answer-images.ts";
import { answerHeaders, type BeginRequest, type Begun, finishRequest } from "./begin-request.ts";
import { listModels, readiness } from "./list-models.ts";
import type { LocalAsk, LocalImages } from "./local-ask.ts";
import { refusePages } from "./refuse-pages.ts";

export type LocalApiDeps = {
  readonly images: LocalImages;
  readonly begin: BeginRequest;
  /** False before everything stands and from the first stop signal on. */
  readonly ready: () => boolean;
  /** What `/v2` and `/metrics` lead to: the backend's own server over the running models. */
  readonly backend: Pick<Hono, "fetch">;
  readonly isKnownHost: KnownHost;
  /** Routes beside these, such as the agent's own. */
  readonly beside?: Hono | undefined;
};

type Env = { readonly Variables: { begun: Begun; failure?: TradewindError } };

/** The API of a gateway on the device itself, over the models that run here; nobody shows a key. */
export function createLocalApi(deps: LocalApiDeps): Hono<Env> {
  const app = new Hono<Env>();
  app.use(traceRing(deps));
  app.onError(answerProblem);
  app.notFound((c) => answerProblem(unknownRoute(c.req.method, c.req.path), c));
  for (const path of ["/livez", "/healthz"]) read(app, path, (c) => c.json({ live: true }));
  read(app, "/readyz", (c) => {
    const state = readiness(deps);
    return c.json(state, state.ready ? 200 : 503);
  });
  const ring = refusePages(deps.isKnownHost);
  for (const path of ["/v1/*", "/v2/*", "/metrics", "/edge/*"]) app.use(path, ring);
  read(app, "/v1/models", (c) => c.json({ models: listModels(deps.images) }));
  for (const task of taskPaths) {
    const path = `/v1/models/:model/${task}`;
    app.post(path, async (c) => {
      const { status, headers, body } = await answerImages(askOf(c, task), deps.images);
      return c.body(body, status as ContentfulStatusCode, { ...headers });
    });
    refuseOtherVerbs(app, path, "POST");
  }
  for (const path of ["/v2/*", "/metrics"]) app.all(path, (c) => deps.backend.fetch(c.req.raw, c.env));
  if (deps.beside) app.route("/", deps.beside);
  return app;
}

function traceRing({ begin, images, ready }: LocalApiDeps): MiddlewareHandler<Env> {
  return async function traceRequest(c, next) {
    const begun = begin((name) => c.req.header(name));
    c.set("begun", begun);
    await next();
    const { headers, status } = c.res;
    for (const [name, value] of Object.entries(answerHeaders(begun)))
      if (!headers.has(name)) headers.set(name, value);
    // A connection kept alive would hold the drain open for as long as its client likes.
    if (!ready()) headers.set("connection", "close");
    const route = `${c.req.method} ${c.req.routePath}`;
    const ended = { route, model: c.req.param("model"), status, failure: c.get("failure") };
    finishRequest(begun, ended, images.clock);
  };
}

function answerProblem(thrown: unknown, c: Context<Env>): Response {
  const error = asTradewindError(thrown);
  c.set("failure", error);
  const { requestId } = c.get("begun");
  const { status, headers, body } = problemOf(error, { requestId, path: c.req.path });
  return c.body(body, status as ContentfulStatusCode, { ...headers });
}

function read(app: Hono<Env>, path: string, handler: (c: Context<Env>) => Response): void {
  app.get(path, handler);
  refuseOtherVerbs(app, path, "GET, HEAD");
}

/** Any other verb at a path that is there is told which ones it has. */
function refuseOtherVerbs(app: Hono<Env>, path: string, allowed: string): void {
  app.all(path, (c) => {
    c.header("allow", allowed);
    const message = `${c.req.method} is not possible here, only ${allowed}`;
    return answerProblem(new TradewindError("method_not_allowed", message), c);
  });
}

function askOf(c: Context<Env>, task: TaskPath): LocalAsk {
  return {
    ...c.get("begun"),
    task,
    model: c.req.param("model") ?? "",
    query: c.req.queries(),
    header: (name) => c.req.header(name),
    readBody: (options) => readBody(c, options),
    onLeave: onLeaveOf(c),
  };
}

function unknownRoute(method: string, path: string): TradewindError {
  return new TradewindError("route_unknown", `there is nothing at ${method} ${path.slice(0, 200)}`);
}
