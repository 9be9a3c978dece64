import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { capabilitiesOf } from "#adapters/registry.ts";
import { configShape } from "#gateway/config.ts";
import { capacityOf, type Promised } from "#gateway/operations/scale/capacity-of.ts";
import type { ScalePlace } from "#gateway/operations/scale/scale-facts.ts";
import { loadFleet } from "#gateway/replay/fleet-file.ts";
import type { FleetBackend } from "#gateway/replay/simulation/simulated-fleet.ts";
import { usualBytes } from "#gateway/replay/traces/arrivals.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";

/** A place of the fleet file: as it is declared to whoever plans, and as it really is. */
export type SiteTerms = {
  readonly declared: Omit<ScalePlace, "standing" | "changedAt" | "refusals">;
  readonly service: FleetBackend["service"];
  /** Requests that one instance does at once, and how long each takes in the mean. */
  readonly workers: number;
  readonly ms: number;
};

/** What every scaler is given. */
export type Given = {
  readonly sites: readonly SiteTerms[];
  readonly promised: Promised;
  /** As the route's objective says it. */
  readonly usdPerMiss: number;
};

const file = join(import.meta.dirname, "../fleets/scaling.yaml");

/** The promise is the route's SLO, kept for so many. */
export async function readGiven(attain: number): Promise<Given> {
  const [fleet, text] = await Promise.all([loadFleet(file), readFile(file, "utf8")]);
  const { providers } = parseYaml(text, z.looseObject({ providers: configShape.providers }), { file });
  const { sloMs, money } = fleet.route;
  const promised = { sloMs, attain };
  const sites = fleet.backends.map((backend) => siteOf(backend, providers[backend.name], promised));
  return { sites, promised, usdPerMiss: money.usdPerMiss };
}

type Declared = z.output<typeof configShape.providers>[string] | undefined;

/** The way out is paid by the request too, so it is part of what one costs. */
function siteOf({ name, terms, service }: FleetBackend, declared: Declared, promised: Promised): SiteTerms {
  if (!declared || !("scale" in declared) || !declared.scale || service.law.kind !== "parallel")
    throw new RangeError(`${name} needs a scale, and workers that do one after the other`);
  const { domain, scale } = capabilitiesOf(declared);
  const usdPerRequest = terms.usdPerRequest + (terms.egressUsdPerGb * usualBytes) / 1e9;
  const { least, most, coolDown } = declared.scale;
  return {
    declared: {
      ...{ name, domain, scale, terms: { ...terms, usdPerRequest } },
      capacity: capacityOf({ terms, measured: [], ...promised }),
      limits: { least, most, coolDownMs: coolDown },
    },
    ...{ service, workers: service.law.workers, ms: service.law.ms },
  };
}
