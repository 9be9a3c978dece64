import type { Revision, Trouble } from "#adapters/control.ts";
import { providerInHand, type Rollout } from "#gateway/operations/rollouts/rollout.ts";
import { writeFreeze } from "./freeze-by-hand.ts";
import type { FleetSight, ProviderSight } from "./show-fleet.ts";

/** The fleet as a program reads it. */
export function writeFleet({ providers, rollouts, freezes }: FleetSight) {
  return {
    providers: providers.map(writeProvider),
    ...(rollouts && { rollouts: rollouts.map(writeRollout) }),
    ...(freezes && { freezes: freezes.map(writeFreeze) }),
  };
}

function writeProvider({ kind, observed: { provider, status, price, troubles } }: ProviderSight) {
  return {
    ...{ provider, kind },
    status: status
      ? {
          ...{ desired: status.desired, running: status.running, pending: status.pending },
          ...{ bounds: status.bounds ?? null, settled: status.isSettled },
          revisions: status.revisions.map(writeRevision),
          cold_starts: status.coldStarts.map(({ at, ms }) => ({ at: moment(at), ms })),
          troubles: status.troubles.map(writeTrouble),
        }
      : null,
    price: price
      ? { usd_per_hour: price.usdPerHour ?? null, billing: price.billing, from: price.from }
      : null,
    errors: troubles.map(({ code, message }) => ({ code, message })),
  };
}

function writeRevision({ name, role, image, models, id, ...rest }: Revision) {
  const { share, running, pending, state, url, why } = rest;
  return {
    ...{ name, role, image: image ?? null, models: models ?? null, rollout: id ?? null },
    ...{ share, running, pending, state, url: url ?? null, why: why ?? null },
  };
}

function writeTrouble({ kind, name, message, at }: Trouble) {
  return { kind, name: name ?? null, message, at: at === undefined ? null : moment(at) };
}

function writeRollout(rollout: Rollout) {
  const { id, wanted, state, wish, actor, note, createdAt } = rollout;
  const { step, since, waiting, back } = state;
  return {
    ...{ rollout: id, actor, note, created_at: createdAt.toISOString() },
    ...{ image: wanted.image, models: wanted.models, providers: wanted.providers },
    ...{ provider: providerInHand(rollout), step, since: moment(since), waiting, goes_back: back },
    wish: wish ? { kind: wish.kind, by: wish.by } : null,
  };
}

function moment(at: number): string {
  return new Date(at).toISOString();
}
