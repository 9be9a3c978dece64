import { TradewindError } from "#infra/runtime/errors.ts";
import type { Scaling } from "../control.ts";
import type { Change } from "./change-service.ts";
import type { ServiceView } from "./read-service.ts";

/** Bounds of the service, which need no new revision; undefined where they are so already. */
export function planScaling(view: ServiceView, { count, least, most }: Scaling): Change | undefined {
  if (view.manual !== undefined)
    throw refused(
      "the service is scaled by hand, to a count that somebody else keeps",
      "set its scaling to automatic",
    );
  if (count !== undefined)
    throw new TradewindError("provider_unsupported", "Cloud Run keeps no count of instances by itself", {
      hint: "give a least and a most",
    });
  // There it would mean that nothing is set, and so no bound at all.
  if (most === 0) throw refused("Cloud Run has no most of no instances", "give a most of at least 1");
  const wanted = { least: least ?? view.least, most: most ?? view.most };
  if (wanted.most > 0 && wanted.least > wanted.most)
    throw refused(`at least ${wanted.least} instances and at most ${wanted.most} contradict each other`);
  const scaling = {
    ...(wanted.least !== view.least && { minInstanceCount: wanted.least }),
    ...(wanted.most !== view.most && { maxInstanceCount: wanted.most }),
  };
  const paths = Object.keys(scaling).map((field) => masks[field as keyof typeof masks]);
  return paths.length === 0 ? undefined : { paths, service: { scaling } };
}

/** No more than the service may have, and none fewer than it has. */
export function planWaking(view: ServiceView, instances: number): Change | undefined {
  const least = view.most > 0 ? Math.min(view.most, instances) : instances;
  return least <= view.least ? undefined : planScaling(view, { least });
}

const masks = {
  minInstanceCount: "scaling.min_instance_count",
  maxInstanceCount: "scaling.max_instance_count",
} as const;

function refused(message: string, hint?: string): TradewindError {
  return new TradewindError("provider_refused", message, { ...(hint !== undefined && { hint }) });
}
