import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { Chance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Metrics } from "#infra/runtime/metrics.ts";
import type { Access } from "./admission/access.ts";
import { type Authenticate, authenticateRing } from "./admission/authenticate.ts";
import { answerPreflights, corsRing, refusalRing } from "./admission/cors.ts";
import { scopeRing } from "./admission/permissions.ts";
import { about } from "./document/about.ts";
import { describedMetrics } from "./document/health-routes.ts";
import { mount } from "./document/mount.ts";
import type { GatewayEnv } from "./gateway-env.ts";
import type { ImagesDeps } from "./images/images-deps.ts";
import { answerProblem } from "./problem.ts";
import { type Tracing, traceRing } from "./request-trace.ts";
import { type AdminRoutesDeps, adminRoutes } from "./routes/admin.ts";
import { documentRoutes } from "./routes/document.ts";
import { type EdgeDeps, edgeMarkRing, edgeRoutes } from "./routes/edge.ts";
import { type HealthDeps, healthRoutes } from "./routes/health.ts";
import { imageRoutes } from "./routes/images.ts";
import { type OpenInferenceDeps, openInferenceRoutes } from "./routes/open-inference.ts";
import { type UsageDeps, usageRoutes } from "./routes/usage.ts";

export type AppDeps = ImagesDeps &
  HealthDeps &
  AdminRoutesDeps &
  UsageDeps &
  OpenInferenceDeps & {
    readonly access: Pick<Access, "origins">;
    readonly metrics: Metrics;
    readonly chance: Chance;
    /** None where the configuration has no section for devices. */
    readonly edge?: EdgeDeps | undefined;
  };

/** One address that the gateway listens on: who may come in there, and whether it leads to the administrators' rooms. */
export type Door = {
  readonly authenticate: Authenticate;
  readonly leadsToAdmin: boolean;
  readonly tracing: Tracing;
};

/** A door's rings, from the outside in, and what lies behind them. */
export function createApp(deps: AppDeps, door: Door): OpenAPIHono<GatewayEnv> {
  const app = new OpenAPIHono<GatewayEnv>();
  app.use(traceRing(door.tracing));
  app.onError(answerProblem);
  app.notFound((c) => answerProblem(unknownRoute(c.req.method, c.req.path), c));

  app.route("/", healthRoutes(deps));
  app.route(
    "/",
    documentRoutes(() => app.getOpenAPI31Document(about)),
  );
  for (const path of ["/v1/*", "/v2/*", "/metrics"]) {
    app.use(path, answerPreflights(deps.access));
    app.use(path, refusalRing(deps.access));
    app.use(path, unlessHealth(authenticateRing(door.authenticate)));
    app.use(path, unlessHealth(corsRing()));
  }
  app.use("/metrics", scopeRing("metrics"));
  app.use("/v1/usage", scopeRing("usage"));
  app.use("/v1/admin/*", scopeRing("admin"));

  mount(app, describedMetrics, async (c) =>
    c.body(await deps.metrics.metrics(), 200, { "content-type": deps.metrics.contentType }),
  );
  app.route("/", imageRoutes(deps));
  app.route("/", usageRoutes(deps));
  app.route("/", openInferenceRoutes(deps));
  if (deps.edge) {
    app.use("/edge/v1/*", edgeMarkRing());
    app.route("/edge/v1", edgeRoutes(deps.edge));
  }
  if (door.leadsToAdmin) app.route("/v1/admin", adminRoutes(deps));
  refuseOtherVerbs(app);
  return app;
}

/** The protocol's own probes come without a key, as ours do. */
function unlessHealth(ring: MiddlewareHandler<GatewayEnv>): MiddlewareHandler<GatewayEnv> {
  return async function exceptForHealth(c, next) {
    return c.req.path.startsWith("/v2/health/") ? await next() : await ring(c, next);
  };
}

/** Any other verb at a path that is there is told which ones it has. */
function refuseOtherVerbs(app: OpenAPIHono<GatewayEnv>): void {
  const verbs = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    const known = verbs.get(path) ?? new Set();
    verbs.set(path, known.add(method));
    if (method === "GET") known.add("HEAD");
  }
  for (const [path, known] of verbs) {
    const allowed = [...known].sort().join(", ");
    app.all(path, (c) => {
      c.header("allow", allowed);
      return answerProblem(wrongMethod(c.req.method, allowed), c);
    });
  }
}

function unknownRoute(method: string, path: string): TradewindError {
  return new TradewindError("route_unknown", `there is nothing at ${method} ${path.slice(0, 200)}`);
}

function wrongMethod(method: string, allowed: string): TradewindError {
  return new TradewindError("method_not_allowed", `${method} is not possible here, only ${allowed}`);
}
