import type { FleetPlan, GroupPlan } from "./plan-now.ts";
import type { PlacePlan, ScalePlace } from "./scale/plan-scale.ts";

/** A plan as a person reads it: what is expected, and for each place what it is to have and why. */
export function showPlan({ groups, notes }: FleetPlan): string {
  return [...groups.flatMap(showGroup), ...notes].map(printable).join("\n");
}

/** The same as data. */
export function writePlan({ groups, notes }: FleetPlan): Readonly<Record<string, unknown>> {
  return {
    groups: groups.map(({ group, places, plan }) => ({
      models: group.models,
      slo_ms: group.sloMs,
      expected_rps: plan.covers.meanRps,
      high_rps: plan.covers.highRps,
      in_time: plan.covers.inTime,
      worst_loss: plan.covers.worstLoss ?? null,
      usd_per_hour: plan.usdPerHour,
      places: plan.places.map((place) => ({
        provider: place.name,
        ...wantedOf(place),
        now: standingOf(places, place),
        changes: place.changes,
        why: place.why,
      })),
      warnings: plan.warnings,
    })),
    notes,
  };
}

/** What makes a plan another one; figures that move a little with each look do not. */
export function signOfPlan({ groups, notes }: FleetPlan): string {
  const signs = groups.map(({ group, places, plan }) => [
    group.models,
    plan.places.map((place) => [place.name, wantedOf(place), standingOf(places, place)]),
    plan.warnings.map((warning) => warning.replace(/[\d.]+/g, "#")),
  ]);
  return JSON.stringify([signs, notes]);
}

function showGroup({ group, places, plan }: GroupPlan): readonly string[] {
  const { meanRps, highRps, inTime, worstLoss } = plan.covers;
  const { standing, variable } = plan.usdPerHour;
  const models =
    group.models.length > 3 ? `${group.models.slice(0, 3).join(", ")} and more` : group.models.join(", ");
  const loss = worstLoss ? `, ${percent(worstLoss.inTime)} after the loss of ${worstLoss.what}` : "";
  const width = Math.max(0, ...plan.places.map(({ name }) => name.length));
  return [
    `${models}: ${digits(meanRps)} requests a second expected, ${digits(highRps)} at most`,
    `  ${percent(inTime)} in time${loss}; $${digits(standing)} an hour and $${digits(variable)} by use`,
    ...plan.places.map((place) => `  ${place.name.padEnd(width)}  ${showPlace(place, places)}`),
    ...plan.warnings.map((warning) => `  warning: ${warning}`),
  ];
}

function showPlace(place: PlacePlan, places: readonly ScalePlace[]): string {
  const { desired, bounds } = standingOf(places, place);
  const { count, least, most, why } = place;
  if (count !== undefined) return `${change(desired, count)}: ${why}`;
  if (least === undefined && most === undefined) return `left as it is: ${why}`;
  const parts = [
    ...(least === undefined ? [] : [`least ${change(bounds?.least, least)}`]),
    ...(most === undefined ? [] : [`most ${change(bounds?.most, most)}`]),
  ];
  return `${parts.join(", ")}: ${why}`;
}

function change(now: number | undefined, wanted: number): string {
  return now === wanted ? `${wanted}` : `${now ?? "?"} -> ${wanted}`;
}

type Wanted = Pick<PlacePlan, "count" | "least" | "most">;

function wantedOf({ count, least, most }: PlacePlan): Wanted {
  return {
    ...(count !== undefined && { count }),
    ...(least !== undefined && { least }),
    ...(most !== undefined && { most }),
  };
}

type Standing = { readonly desired: number | undefined; readonly bounds: ScalePlace["standing"]["bounds"] };

function standingOf(places: readonly ScalePlace[], { name }: PlacePlan): Standing {
  const standing = places.find((place) => place.name === name)?.standing;
  return { desired: standing?.desired, bounds: standing?.bounds };
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** What platforms say of themselves must not move a terminal's cursor. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, " ");
}
