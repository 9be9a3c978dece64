import { Hono } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import { authenticate } from "./admission/authenticate.ts";
import type { KeyRing } from "./admission/key-ring.ts";
import type { GatewayEnv } from "./gateway-env.ts";
import { answerProblem } from "./problem.ts";
import { traceRequests } from "./request-trace.ts";
import { type HealthDeps, healthRoutes } from "./routes/health.ts";
import { type ImagesDeps, imageRoutes } from "./routes/images.ts";

export type AppDeps = ImagesDeps &
  HealthDeps & { readonly keys: Pick<KeyRing, "find">; readonly metrics: Metrics; readonly chance: Chance };

/** The public door: who may pass which ring, from the outside in. */
export function createApp(deps: AppDeps): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  app.use(traceRequests(deps.clock, deps.chance));
  app.onError(answerProblem);
  app.notFound((c) => answerProblem(unknownRoute(c.req.method, c.req.path), c));

  app.route("/", healthRoutes(deps));
  app.use("/v1/*", authenticate(deps.keys));
  app.use("/metrics", authenticate(deps.keys));
  app.get("/metrics", async (c) =>
    c.body(await deps.metrics.metrics(), 200, { "content-type": deps.metrics.contentType }),
  );
  app.route("/", imageRoutes(deps));
  for (const [path, verb] of Object.entries(verbs)) {
    app.all(path, (c) => {
      c.header("allow", verb);
      return answerProblem(wrongMethod(c.req.method, verb), c);
    });
  }
  return app;
}

/** What each path answers to; any other verb there is told so. */
const verbs = {
  "/livez": "GET, HEAD",
  "/readyz": "GET, HEAD",
  "/metrics": "GET, HEAD",
  "/v1/models": "GET, HEAD",
  "/v1/models/:model/detect": "POST",
};

function unknownRoute(method: string, path: string): TradewindError {
  return new TradewindError("route_unknown", `there is nothing at ${method} ${path.slice(0, 200)}`);
}

function wrongMethod(method: string, allowed: string): TradewindError {
  return new TradewindError("method_not_allowed", `${method} is not possible here, only ${allowed}`);
}
