import type { Context } from "hono";
import type { Clock } from "#infra/runtime/clock.ts";
import { type Plan, plan, report } from "#infra/runtime/devices/words.ts";
import { createGate } from "#infra/runtime/gate.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createRoutes, type DescribedRoutes, mount } from "../document/mount.ts";
import { describedPlan, describedReport, planQuery } from "../document/plan-routes.ts";
import type { GatewayEnv } from "../gateway-env.ts";
import type { KnownDevice } from "../records/device-numbers.ts";
import { notePlan, readKnownModels } from "../records/device-plans.ts";
import { recordReport } from "../records/device-reports.ts";
import { readEdgeRollouts } from "../records/edge-rollouts.ts";
import type { NewestLists } from "../repository/newest-lists.ts";
import { signPlan } from "../repository/online-key.ts";
import type { SigningKey } from "../repository/signing-key.ts";
import { readQuery } from "../routes/admin/read-request.ts";
import { createJudging, type Judging } from "./keep-judged.ts";
import { outOfSight } from "./out-of-sight.ts";
import { readProved } from "./read-proved.ts";
import { planDevice, type Release } from "./rings/plan-device.ts";
import type { EdgeRollout } from "./rings/rollout.ts";

export type PlanDeps = {
  readonly database: Database;
  readonly onlineKey: SigningKey;
  /** What lies in the signed repository, as it was seen last. */
  readonly releases: () => readonly Release[];
  /** As they are served here now. */
  readonly newestLists: NewestLists;
  /** How often devices ask. */
  readonly pollMs: number;
  readonly clock: Pick<Clock, "now" | "elapsed">;
};

/** What a device is to run, and what became of that; behind the ring that knows devices. */
export function planRoutes(deps: PlanDeps): DescribedRoutes {
  const routes = createRoutes();
  const judging = createJudging(deps);
  mount(routes, describedPlan, async (c) => {
    const { nonce } = readQuery(c, planQuery);
    const signal = patienceOf(c);
    const asked = { device: c.get("device"), nonce, signal };
    const made = await outOfSight(signal, () => makePlan(asked, { ...deps, judging }));
    return c.body(await signPlan(made, deps.onlineKey), 200, {
      "content-type": "application/jose",
      "cache-control": "no-store",
    });
  });
  const gate = createGate(mostReports);
  mount(routes, describedReport, (c) => {
    const signal = patienceOf(c);
    return outOfSight(signal, () => gate(() => takeReport(c, { ...deps, signal })));
  });
  return routes;
}

/** Those of one rollout wait for each other in the records, and are not to hold all connections meanwhile. */
const mostReports = 3;

/** Whoever left, or waited this long, holds no place in the row. */
function patienceOf(c: Context<GatewayEnv>): AbortSignal {
  return AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(15_000)]);
}

type Patient = { readonly signal: AbortSignal };

type PlanAsk = Patient & { readonly device: KnownDevice; readonly nonce: string };

async function makePlan(
  { device, nonce, signal }: PlanAsk,
  deps: PlanDeps & { readonly judging: Judging },
): Promise<Plan> {
  const { database, releases, newestLists, pollMs, clock } = deps;
  const newest = newestLists({ signal });
  const rollouts = await judgedRollouts(device, { ...deps, signal });
  const known = await readKnownModels(database.query, device.id, { signal });
  const facts = { ...device, reported: known.reported, pins: known.pins };
  const models = planDevice({ device: facts, rollouts, releases: releases() });
  const now = clock.now();
  await notePlan(database, { device: device.id, models, known, pollMs, now }, { signal });
  return plan.parse({ device: device.id, nonce, at: now, pollMs, models, lists: await newest });
}

/** As they stand after those whose time has come were judged. */
async function judgedRollouts(
  { models }: KnownDevice,
  { database, judging, signal }: PlanDeps & Patient & { readonly judging: Judging },
): Promise<readonly EdgeRollout[]> {
  const filter = { models: models.length === 0 ? undefined : models };
  const read = () => readEdgeRollouts(database.query, filter, { signal });
  const rollouts = await read();
  return (await judging.judge(rollouts)) ? await read() : rollouts;
}

async function takeReport(
  c: Context<GatewayEnv>,
  { database, clock, signal }: PlanDeps & Patient,
): Promise<Response> {
  signal.throwIfAborted();
  const told = readProved(c.get("provedBody"), report);
  await recordReport(database, { device: c.get("device"), report: told, now: clock.now() }, { signal });
  return c.body(null, 204);
}
