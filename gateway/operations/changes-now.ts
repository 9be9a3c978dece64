import type { Scaling } from "#adapters/control.ts";
import type { GroupPlan } from "./plan-now.ts";
import type { PlacePlan, ScalePlace } from "./scale/plan-scale.ts";

export type ScaleChange = {
  readonly provider: string;
  readonly wanted: Scaling;
  /** How many it has that nobody needs to ask for. */
  readonly standing: number;
};

/**
 * What of a group's plan is to be asked for now. What takes away waits until nothing is added or still starting elsewhere:
 * what is to replace it may be refused.
 */
export function changesNow({ plan, places }: Pick<GroupPlan, "plan" | "places">): readonly ScaleChange[] {
  const changes = plan.places
    .filter(({ changes: isChange }) => isChange)
    .map((place) =>
      changeOf(
        place,
        places.find(({ name }) => name === place.name),
      ),
    );
  const adding = changes.filter(isMore);
  const isAwaited = ({ provider }: ScaleChange): boolean =>
    adding.some((one) => one.provider !== provider) ||
    places.some(({ name, standing }) => name !== provider && standing.running < standing.desired);
  return [...adding, ...changes.filter((change) => !isMore(change) && !isAwaited(change))];
}

function changeOf(
  { name: provider, count, least, most }: PlacePlan,
  place: ScalePlace | undefined,
): ScaleChange {
  const { desired = 0, bounds } = place?.standing ?? {};
  const wanted = {
    ...(count !== undefined && { count }),
    ...(least !== undefined && { least }),
    ...(most !== undefined && { most }),
  };
  return { provider, wanted, standing: place?.scale === "count" ? desired : (bounds?.least ?? 0) };
}

function isMore({ wanted, standing }: ScaleChange): boolean {
  return (wanted.count ?? wanted.least ?? standing) >= standing;
}
