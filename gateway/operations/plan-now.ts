import type { ProviderStatus } from "#adapters/control.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Config } from "../config.ts";
import { readCountedSince, readDemand, readLately, readSpeeds, type SpeedSum } from "../records/demand.ts";
import { type Freeze, freezeOf, frozenInWords, readFreezes } from "../records/freezes.ts";
import { readRollouts } from "../records/rollouts.ts";
import { readScalings, type ScalingRow } from "../records/scaling.ts";
import { readStood, type Stood } from "../records/stood.ts";
import { type FleetGroup, groupsOf } from "./fleet-groups.ts";
import type { Observed } from "./observe.ts";
import { placeOf } from "./place-of.ts";
import { providerInHand, type Rollout } from "./rollouts/rollout.ts";
import { forecastDemand } from "./scale/forecast.ts";
import { planScale, type ScalePlace, type ScalePlan } from "./scale/plan-scale.ts";

/** What is to stand where, group by group. */
export type FleetPlan = {
  readonly groups: readonly GroupPlan[];
  /** Why some are left as they are, in words. */
  readonly notes: readonly string[];
};

export type GroupPlan = {
  readonly group: FleetGroup;
  readonly places: readonly ScalePlace[];
  readonly plan: ScalePlan;
};

export type PlanFacts = {
  readonly database: Database;
  readonly config: Config;
  readonly observed: ReadonlyMap<string, Observed>;
  /** What was last known of those that cannot be read now: they stand as they did, and are left alone. */
  readonly lastKnown?: ReadonlyMap<string, ProviderStatus>;
  readonly now: number;
};

/** Reads what came, and works out what is to stand; changes nothing. */
export async function planNow(
  facts: PlanFacts,
  reading: { readonly signal: AbortSignal },
): Promise<FleetPlan> {
  const { database, config, observed, now } = facts;
  const { query } = database;
  const known: Known = {
    freezes: await readFreezes(query, reading),
    scalings: await readScalings(query, reading),
    speeds: await readSpeeds(query, now, reading),
    stood: await readStood(query, now, reading),
    rollouts: await readRollouts(query, { isActive: true }, reading),
  };
  const { budget, attain, survive, horizon } = config.fleet;
  let left = budget?.usdPerHour;
  const countedSince = (await readCountedSince(query, now, reading)) ?? now;
  const groups: GroupPlan[] = [];
  for (const group of groupsOf(config)) {
    const places = placesOf(group, facts, known);
    const counts = await readDemand(query, { models: group.models, now }, reading);
    const forecast = forecastDemand(counts, { now, horizonMs: horizon, countedSince, stepSeconds });
    const lately = await readLately(query, { models: group.models, now }, reading);
    const { sloMs, usdPerMiss } = group;
    const wanted = { sloMs, attain, usdPerMiss, survive, budgetUsdPerHour: left };
    const plan = planScale({ ...wanted, now, forecast, lately, places });
    if (left !== undefined) left = Math.max(0, left - plan.usdPerHour.standing);
    groups.push({ group, places, plan });
  }
  return { groups, notes: [...notesOfFreezes(known.freezes), ...notesOfUnread(groups, observed)] };
}

function notesOfFreezes(freezes: readonly Freeze[]): readonly string[] {
  return freezes.filter(({ endedAt }) => endedAt === undefined).map(frozenInWords);
}

function notesOfUnread(groups: readonly GroupPlan[], observed: PlanFacts["observed"]): readonly string[] {
  return groups.flatMap(({ group, places }) =>
    group.providers
      .filter((name) => observed.get(name)?.status === undefined)
      .map((name) => {
        const isKnown = places.some((place) => place.name === name);
        return isKnown
          ? `${name} cannot be read now, so it is left as it stood`
          : `${name} cannot be read, so nothing is known of it and it is not counted on`;
      }),
  );
}

/** As demand is counted; hours are laid on minutes too, since what stands is decided by the minute. */
const stepSeconds = 60;

type Known = {
  readonly freezes: readonly Freeze[];
  readonly scalings: ReadonlyMap<string, ScalingRow>;
  readonly speeds: readonly SpeedSum[];
  readonly stood: readonly Stood[];
  readonly rollouts: readonly Rollout[];
};

function placesOf(
  { providers, sloMs }: FleetGroup,
  { config, observed, lastKnown, now }: PlanFacts,
  { freezes, scalings, speeds, stood, rollouts }: Known,
): readonly ScalePlace[] {
  const { attain } = config.fleet;
  return providers.flatMap((name) => {
    const settings = config.providers[name];
    const fresh = observed.get(name)?.status;
    const status = fresh ?? lastKnown?.get(name);
    if (!settings || !status) return [];
    const isFrozen = fresh === undefined || freezeOf(freezes, name) !== undefined;
    const place = { name, settings, observed: observed.get(name), status, scaling: scalings.get(name) };
    const isRollingOut = rollouts.some((rollout) => providerInHand(rollout) === name);
    return placeOf({ ...place, speeds, stood, isFrozen, isRollingOut, now, sloMs, attain });
  });
}
