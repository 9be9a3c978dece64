import type { Surroundings } from "#adapters/surroundings.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { readRollout, readRollouts } from "../records/rollouts.ts";
import { type Leading, standForLeader } from "./leader.ts";
import { type Controls, type OpenControl, openControls } from "./open-controls.ts";
import { createConfigReader } from "./read-configuration.ts";
import { followRollout } from "./rollouts/follow-rollout.ts";
import type { Passage, Rollout } from "./rollouts/rollout.ts";
import type { RolloutDeps } from "./rollouts/rollout-deps.ts";

export type LeadUntil = Surroundings &
  Pick<RolloutDeps, "tellTrouble" | "tellCall"> & {
    readonly url: string;
    readonly database: Database;
    /** Who does it, as the audit names them and as others see who leads. */
    readonly name: string;
    readonly signal: AbortSignal;
    /** To be told of each step, and of what is waited for, whoever leads. */
    readonly tell: (rollout: Rollout, passage: Passage) => void;
    readonly tellWaiting?: (rollout: Rollout) => void;
    readonly open?: OpenControl;
    readonly everyMs?: number;
    /** After so long it steps aside for a moment, between two looks. */
    readonly termMs?: number;
  };

/**
 * Follows a rollout to its end, and leads it there where no fleet process does, the others too for as long. One that
 * comes meanwhile gets the lead within a minute or so, since it scales too. Whoever stops before leaves it as it is written,
 * for the next one.
 */
export async function leadUntil(id: string, options: LeadUntil): Promise<Rollout> {
  const { url, database, name, clock, signal, open } = options;
  await using controls = await openControls({}, options, open);
  await using _ = standForLeader({
    ...{ url, name, clock, restMs: asideMs },
    lead: (leading) => leadOne(id, { ...options, controls, leading }),
  });
  let told = 0;
  let waiting = "";
  for (;;) {
    const rollout = await readRollout(database.query, id, { signal });
    const { state } = rollout;
    for (const passage of state.history.slice(told)) options.tell(rollout, passage);
    told = state.history.length;
    if (state.waiting !== waiting && state.waiting !== "") options.tellWaiting?.(rollout);
    waiting = state.waiting;
    if (rollout.outcome) return rollout;
    await clock.sleep(options.everyMs ?? usualEveryMs, { signal });
  }
}

const usualEveryMs = 1_000;

const usualTermMs = 60_000;

/** Others ask for the lock each second. */
const asideMs = 3_000;

/** As a fleet process looks. */
const usualPauseMs = 3_000;

type LeadOne = LeadUntil & { readonly controls: Controls; readonly leading: Leading };

async function leadOne(id: string, options: LeadOne): Promise<void> {
  const { database, controls, leading, clock, chance, name, tellTrouble, tellCall } = options;
  const read = createConfigReader(database.query, undefined);
  const resting = AbortSignal.any([leading.signal, leading.ending]);
  const until = clock.elapsed() + (options.termMs ?? usualTermMs);
  const optional = { ...(tellTrouble && { tellTrouble }), ...(tellCall && { tellCall }) };
  while (!leading.ending.aborted) {
    // One that cannot be read is told by the rollout itself, which then finds no provider opened.
    const config = await read({ signal: leading.signal }).catch(() => undefined);
    if (config) await controls.follow(config.providers);
    const deps = { database, leading, clock, chance, name, controlOf: controls.of };
    const { outcome } = await followRollout(id, { ...deps, ...optional });
    if (outcome) return;
    await followOthers(id, deps);
    await clock.sleep(options.everyMs ?? usualPauseMs, { signal: resting }).catch(() => undefined);
    leading.signal.throwIfAborted();
    if (clock.elapsed() >= until) return;
  }
}

/** Nobody else can do what is wanted of them meanwhile, such as that one goes back. */
async function followOthers(own: string, deps: RolloutDeps): Promise<void> {
  const { database, leading } = deps;
  const active = await readRollouts(database.query, { isActive: true }, { signal: leading.signal });
  for (const { id } of active) if (id !== own) await followRollout(id, deps);
}
