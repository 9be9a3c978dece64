import type { Chance } from "#infra/runtime/chance.ts";
import { createPool } from "../../dispatch/pool.ts";
import { Standing } from "../../dispatch/standing.ts";
import type { RouteTerms } from "../../dispatch/terms.ts";
import type { OpenPolicy } from "../policy.ts";
import type { Seeded } from "../seeded.ts";
import type { ChangingTerms } from "./bill.ts";
import type { SimulatedGateway } from "./request.ts";
import type { SimulatedFleet } from "./simulated-fleet.ts";

export type GatewaysOptions = Pick<
  SimulatedGateway,
  "backends" | "events" | "recorder" | "timeoutMs" | "open"
> & {
  readonly count: number;
  readonly fleet: SimulatedFleet;
  readonly route: RouteTerms;
  /** By the backend's place; what changes in them changes for everybody. */
  readonly terms: readonly ChangingTerms[];
  readonly policy: OpenPolicy;
  readonly seeded: Seeded;
};

/** Gateways with a state of their own each, over the same backends. */
export function openGateways(options: GatewaysOptions): SimulatedGateway[] {
  return Array.from({ length: options.count }, (_, number) => openGateway(options, number));
}

function openGateway(
  { fleet, route, terms, policy: open, seeded, count: _, ...shared }: GatewaysOptions,
  number: number,
): SimulatedGateway {
  const chance = chanceOf(seeded.fork(`gateway ${number}`));
  const lanes = fleet.backends.flatMap(({ name, group, weight, canary }, place) => {
    const declared = terms[place];
    if (!declared) return [];
    const standing = new Standing(name, declared, { eject: route.eject, chance });
    const shares = { ...(weight !== undefined && { weight }), ...(canary !== undefined && { canary }) };
    return [{ standing, group, ...shares }];
  });
  const pool = createPool(fleet.model, route, lanes);
  return { ...shared, pool, policy: open(pool, chance), chance };
}

function chanceOf({ number }: Seeded): Chance {
  return { number, bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(number() * 256)) };
}
