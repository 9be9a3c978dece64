import type { AppServicePlan } from "@azure/arm-appservice";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Scaling } from "../control.ts";

/**
 * The plan with as many workers as are wanted, or undefined where it has them. A plan is written whole, so that what is
 * left out would be lost.
 */
export function planWorkers(plan: AppServicePlan, wanted: Scaling): AppServicePlan | undefined {
  const has = plan.sku?.capacity ?? 1;
  const count = countOf(wanted, has);
  if (count === has) return undefined;
  checkCount(plan, count);
  const { location, kind, tags, sku } = plan;
  const { name, tier, size, family } = sku ?? {};
  return given({
    location,
    kind,
    tags,
    sku: given({ name, tier, size, family, capacity: count }),
    reserved: plan.reserved,
    perSiteScaling: plan.perSiteScaling,
    maximumElasticWorkerCount: plan.maximumElasticWorkerCount,
    isSpot: plan.isSpot,
    isXenon: plan.isXenon,
    hyperV: plan.hyperV,
    zoneRedundant: plan.zoneRedundant,
    asyncScalingEnabled: plan.asyncScalingEnabled,
    hostingEnvironmentProfile: plan.hostingEnvironmentProfile,
    kubeEnvironmentProfile: plan.kubeEnvironmentProfile,
  });
}

/** A count as it is asked for, and within the bounds where they are. */
function countOf({ count, least, most }: Scaling, has: number): number {
  return Math.max(least ?? 0, Math.min(most ?? Number.POSITIVE_INFINITY, count ?? has));
}

function checkCount(plan: AppServicePlan, count: number): void {
  const { name = "the plan", maximumNumberOfWorkers: most } = plan;
  if (plan.elasticScaleEnabled)
    throw new TradewindError(
      "provider_unsupported",
      `${name} scales by itself, so its workers are not ours to count`,
      {
        hint: "leave `scale` out of this provider, or switch automatic scaling off for the plan",
      },
    );
  if (count < 1)
    throw new TradewindError(
      "provider_unsupported",
      `${name} always has a worker: App Service has no plan of none`,
      {
        hint: "Container Apps scales to zero",
      },
    );
  if (most !== undefined && most > 0 && count > most)
    throw new TradewindError(
      "provider_quota",
      `${name} is ${plan.sku?.name ?? "of a size"}, which has ${most} workers at most`,
    );
}

function given<Plan extends object>(plan: { readonly [Key in keyof Plan]: Plan[Key] | undefined }): Plan {
  return Object.fromEntries(
    Object.entries(plan).filter(([, value]) => value !== undefined && value !== null),
  ) as Plan;
}
