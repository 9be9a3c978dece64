import type { ProviderStatus } from "#adapters/control.ts";
import { capabilitiesOf, type ProviderSettings, termsOf } from "#adapters/registry.ts";
import type { Terms } from "#adapters/terms.ts";
import type { SpeedSum } from "../records/demand.ts";
import type { ScalingRow } from "../records/scaling.ts";
import type { Stood } from "../records/stood.ts";
import { providerOf } from "../trials/trial-plan.ts";
import type { Observed } from "./observe.ts";
import { type Capacity, capacityOf, type Promised } from "./scale/capacity-of.ts";
import { measureSpeeds } from "./scale/measure-speeds.ts";
import type { ScalePlace } from "./scale/plan-scale.ts";

export type PlaceFacts = Promised & {
  readonly name: string;
  readonly settings: ProviderSettings;
  readonly observed: Observed | undefined;
  readonly status: ProviderStatus;
  readonly scaling: ScalingRow | undefined;
  readonly speeds: readonly SpeedSum[];
  readonly stood: readonly Stood[];
  readonly isFrozen: boolean;
  /** Something new is on its way there. */
  readonly isRollingOut: boolean;
  readonly now: number;
};

/** One provider as the plan sees it. */
export function placeOf(facts: PlaceFacts): ScalePlace {
  const { name, settings, observed, status, scaling, isFrozen } = facts;
  const { domain, scale } = capabilitiesOf(settings);
  const declared = termsOf(settings);
  const usdPerHour = observed?.price?.usdPerHour;
  const terms = {
    ...declared,
    coldMs: median(status.coldStarts.map(({ ms }) => ms)) ?? declared.coldMs,
    ...(usdPerHour !== undefined && { usdPerSecond: usdPerHour / 3_600 }),
    usdPerRequest: declared.usdPerRequest + usdOfTheWay(facts, declared.egressUsdPerGb),
  };
  return {
    ...{ name, domain, scale, terms },
    capacity: capacityIn(facts, terms),
    limits: isFrozen ? undefined : limitsOf(facts),
    standing: status,
    changedAt: scaling?.changedAt,
    refusals: refusalsOf(scaling),
  };
}

/** Where something new is on its way, nothing is taken away: a platform may take that for another deployment. */
function limitsOf({ settings, status, isRollingOut }: PlaceFacts): ScalePlace["limits"] {
  const scale = "scale" in settings ? settings.scale : undefined;
  if (!scale) return undefined;
  const { least, most, coolDown: coolDownMs } = scale;
  const standing = capabilitiesOf(settings).scale === "count" ? status.desired : (status.bounds?.least ?? 0);
  return { least: isRollingOut ? Math.max(least, Math.min(most, standing)) : least, most, coolDownMs };
}

function capacityIn(
  { name, speeds, stood, status, now, sloMs, attain }: PlaceFacts,
  terms: Terms,
): Capacity | undefined {
  const measuring = measureSpeeds({
    speeds: speeds.filter(({ backend }) => providerOf(backend) === name),
    stood: stood.filter(({ provider }) => provider === name),
    ...{ status, perInstance: terms.perInstance, now },
  });
  return capacityOf({ terms, ...measuring, sloMs, attain });
}

/** What it costs in the mean to send an image there, by what was sent lately; the plan knows no sizes. */
function usdOfTheWay({ name, speeds }: PlaceFacts, usdPerGb: number): number {
  let [bytes, requests] = [0, 0];
  for (const speed of speeds) {
    if (providerOf(speed.backend) !== name) continue;
    bytes += speed.bytes;
    requests += speed.answered;
  }
  return requests === 0 ? 0 : (usdPerGb * bytes) / requests / bytesPerGb;
}

/** As the choice among backends counts it. */
const bytesPerGb = 1e9;

function refusalsOf(scaling: ScalingRow | undefined): ScalePlace["refusals"] {
  if (!scaling?.refusal) return [];
  const { count, until, why } = scaling.refusal;
  return [{ atCount: count, until, why }];
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.filter((value) => value >= 0).toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}
