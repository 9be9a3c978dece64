import type { Context } from "hono";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createRoutes, type DescribedRoutes, mount } from "../../document/mount.ts";
import { describedTrials } from "../../document/trials-routes.ts";
import type { GatewayEnv } from "../../gateway-env.ts";
import { actorOf, refuseUnlessOperator } from "../../records/actor.ts";
import type { Comparing, TrialsReport } from "../../trials/compare-beside.ts";
import { writeTrials } from "../../trials/written-trials.ts";

export type AdminTrialsDeps = { readonly comparing?: Pick<Comparing, "report"> };

/** How candidates do beside those that answer; for operators alone, since it is about all tenants' requests. */
export function adminTrialsRoutes({ comparing }: AdminTrialsDeps): DescribedRoutes {
  const routes = createRoutes();
  mount(routes, describedTrials, async (c) => {
    refuseUnlessOperator(actorOf(c.get("caller")), "see how backends are tried out");
    if (!comparing) return c.json(writeTrials({ isShared: false, trials: [] }));
    return c.json(writeTrials(await readReport(c, comparing)));
  });
  return routes;
}

async function readReport(
  c: Context<GatewayEnv>,
  comparing: Pick<Comparing, "report">,
): Promise<TrialsReport> {
  const left = c.req.raw.signal;
  try {
    return await comparing.report({ signal: AbortSignal.any([left, AbortSignal.timeout(30_000)]) });
  } catch (cause) {
    if (left.aborted) throw new TradewindError("caller_left", "the caller closed the connection", { cause });
    throw new TradewindError("database_unavailable", "the trials cannot be read at the moment", { cause });
  }
}
