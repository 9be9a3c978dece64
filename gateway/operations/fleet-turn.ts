import type { ProviderStatus } from "#adapters/control.ts";
import type { ProviderCall } from "#adapters/hand.ts";
import type { Surroundings } from "#adapters/surroundings.ts";
import { asTradewindError, type TradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Config } from "../config.ts";
import { countDemand } from "../records/demand.ts";
import { ofTerm } from "../records/leader.ts";
import { readRollouts } from "../records/rollouts.ts";
import { readScalings, writeRefusal } from "../records/scaling.ts";
import { countStanding } from "../records/stood.ts";
import { type Applied, applyPlan } from "./apply-plan.ts";
import type { Leading } from "./leader.ts";
import { type Observed, observeFleet } from "./observe.ts";
import type { Controls } from "./open-controls.ts";
import { type FleetPlan, planNow } from "./plan-now.ts";
import { followRollout } from "./rollouts/follow-rollout.ts";
import type { Passage, Rollout } from "./rollouts/rollout.ts";
import type { RolloutDeps } from "./rollouts/rollout-deps.ts";
import { createVerification, type Verified } from "./verify-changes.ts";

/** Whoever shows what happens: a terminal, a log. */
export type FleetVoice = {
  readonly observed: (observed: ReadonlyMap<string, Observed>) => void;
  readonly planned: (plan: FleetPlan) => void;
  readonly applied: (applied: Applied) => void;
  readonly verified: (verified: Verified) => void;
  readonly passed: (rollout: Rollout, passage: Passage) => void;
  readonly troubled: (what: string, error: TradewindError) => void;
  readonly called: (provider: string, call: ProviderCall) => void;
};

export type TurnDeps = Pick<Surroundings, "clock" | "chance"> & {
  readonly database: Database;
  readonly controls: Controls;
  readonly readConfiguration: (options: { readonly signal: AbortSignal }) => Promise<Config>;
  /** Who does it, as history and audit name them. */
  readonly name: string;
  readonly voice: FleetVoice;
};

export type FleetTurns = {
  /** Looks at everything and plans; where a term is given, also counts demand and carries the plan out. */
  readonly scale: (reading: { readonly signal: AbortSignal }, leading?: Leading) => Promise<FleetPlan>;
  /** Takes all rollouts as far as they go. */
  readonly rollOut: (leading: Leading) => Promise<void>;
};

/** The turns of a fleet process: observe, plan, apply, verify; and what it remembers between them. */
export function createTurns(deps: TurnDeps): FleetTurns {
  const { database, controls, clock, voice } = deps;
  const memory = createMemory(deps);
  const configure = async (reading: Reading): Promise<Config> => {
    const config = await deps.readConfiguration(reading);
    await controls.follow(config.providers);
    return config;
  };
  return {
    scale: async (reading, leading) => {
      const config = await configure(reading);
      const observed = await observeFleet(controls, reading);
      voice.observed(observed);
      const lastKnown = memory.remember(observed);
      if (leading) {
        await memory.verify(observed, leading);
        const ours = ofTerm(database, leading.term);
        await countDemand(ours, clock.now(), reading);
        await countStanding(ours, { seen: [...observed.values()], now: clock.now() }, reading);
      }
      const plan = await planNow({ database, config, observed, lastKnown, now: clock.now() }, reading);
      voice.planned(plan);
      const applying = { ...deps, isResting: memory.isResting, tellCall: voice.called };
      const applied = leading ? await applyPlan(plan, { ...applying, leading }) : [];
      for (const one of applied) {
        voice.applied(one);
        memory.ordered(one);
      }
      return plan;
    },
    rollOut: async (leading) => {
      const { signal } = leading;
      const active = await readRollouts(database.query, { isActive: true }, { signal });
      if (active.length === 0) return;
      await configure({ signal }).catch((thrown: unknown) => {
        voice.troubled("configuration", asTradewindError(thrown));
      });
      for (const { id } of active) await followRollout(id, rolloutDeps(deps, leading));
    },
  };
}

type Reading = { readonly signal: AbortSignal };

function rolloutDeps(deps: TurnDeps, leading: Leading): RolloutDeps {
  const { controls, voice } = deps;
  return {
    ...deps,
    leading,
    controlOf: controls.of,
    tell: voice.passed,
    tellTrouble: (rollout, error) => voice.troubled(`rollout ${rollout.id}`, error),
    tellCall: voice.called,
  };
}

/** For so long it is believed that a place stands as it stood when it could still be read. */
const believedMs = 600_000;

/** Platforms that have none now are asked again after so long. */
const lackingMs = 600_000;

/** What failed for another reason than that there is no more is not asked for again at every turn. */
const restMs = 60_000;

function isLack({ code }: TradewindError): boolean {
  return code === "provider_quota" || code === "provider_full";
}

/** What was seen last, and what was ordered and does not stand yet. */
function createMemory({ database, clock, voice }: TurnDeps) {
  const seen = new Map<string, { readonly status: ProviderStatus; readonly at: number }>();
  const verification = createVerification();
  const restingUntil = new Map<string, number>();
  let term = 0;
  return {
    remember: (observed: ReadonlyMap<string, Observed>): ReadonlyMap<string, ProviderStatus> => {
      const now = clock.now();
      for (const { provider, status } of observed.values())
        if (status) seen.set(provider, { status, at: now });
      for (const [provider, { at }] of seen) if (now - at > believedMs) seen.delete(provider);
      return new Map([...seen].map(([provider, { status }]) => [provider, status]));
    },
    ordered: ({ provider, wanted, error }: Applied): void => {
      if (!error) verification.ordered(provider, wanted, clock.now());
      else if (!isLack(error)) restingUntil.set(provider, clock.now() + restMs);
    },
    isResting: (provider: string): boolean => clock.now() < (restingUntil.get(provider) ?? 0),
    verify: async (observed: ReadonlyMap<string, Observed>, leading: Leading): Promise<void> => {
      const now = clock.now();
      // What a former leader ordered is looked after too.
      const before = leading.term === term ? [] : (await readScalings(database.query, leading)).values();
      term = leading.term;
      for (const { provider, wanted, changedAt } of before)
        if (wanted && changedAt !== undefined && now - changedAt < believedMs)
          verification.ordered(provider, wanted, changedAt);
      for (const verified of verification.look(observed, now)) {
        voice.verified(verified);
        const { provider, running, why, kind } = verified;
        const refusal = { count: running + 1, until: now + lackingMs, code: "provider_full", why };
        if (kind === "lacking") await writeRefusal(ofTerm(database, leading.term), provider, refusal);
      }
    },
  };
}
