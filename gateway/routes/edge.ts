import type { MiddlewareHandler } from "hono";
import { edgeHeader } from "#infra/runtime/devices/proof.ts";
import { deviceRing } from "../devices/device-ring.ts";
import { type IdentityDeps, identityRoutes } from "../devices/identity-routes.ts";
import { type PlanDeps, planRoutes } from "../devices/plan-routes.ts";
import { createRoutes, type DescribedRoutes } from "../document/mount.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import { type RepositoryRoutesDeps, repositoryRoutes } from "../repository/routes.ts";

export type EdgeDeps = {
  readonly identity: IdentityDeps;
  readonly plan: PlanDeps;
  /** Where it is public, nobody shows a proof for it. */
  readonly repository: RepositoryRoutesDeps;
};

/** The devices' rooms, below any path: no API keys, no pages of other origins, but a proof by the device's own key. */
export function edgeRoutes({ identity, plan, repository }: EdgeDeps): DescribedRoutes {
  const routes = createRoutes();
  const ring = deviceRing(identity);
  for (const path of ["/keys", "/report"]) routes.use(path, forVerbs(["POST"], ring));
  for (const path of repository.isPublic ? ["/plan"] : ["/plan", "/repository/*"])
    routes.use(path, forVerbs(["GET", "HEAD"], ring));
  const rooms = [identityRoutes(identity), planRoutes(plan), repositoryRoutes(repository)];
  for (const room of rooms) routes.route("/", room);
  return routes;
}

/** Whoever comes with a wrong verb is told so, and there is nothing behind it. */
function forVerbs(
  verbs: readonly string[],
  ring: MiddlewareHandler<GatewayEnv>,
): MiddlewareHandler<GatewayEnv> {
  return async function proveForVerbs(c, next) {
    return verbs.includes(c.req.method) ? await ring(c, next) : await next();
  };
}

/** Stands on whatever is answered there, refusals too. */
export function edgeMarkRing(): MiddlewareHandler<GatewayEnv> {
  return async function markAnswers(c, next) {
    await next();
    c.header(edgeHeader, "1");
  };
}
