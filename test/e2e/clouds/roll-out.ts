import { setTimeout as sleep } from "node:timers/promises";
import type { Rollout } from "#gateway/operations/rollouts/rollout.ts";
import { startRollout } from "#gateway/operations/rollouts/start-rollout.ts";
import { readRollout, wish } from "#gateway/records/rollouts.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Timeline } from "./timeline.ts";

export type Release = {
  readonly image: string;
  readonly models: string;
  readonly providers?: readonly string[];
  /** Promotes each without waiting for a verdict. */
  readonly isUngated?: boolean;
};

const actor = { id: "e2e" };
const patienceMs = 15 * 60_000;

/** Asks for a release and waits until whoever leads the fleet has done it, or taken it back. */
export async function rollOut(database: Database, release: Release, timeline: Timeline): Promise<Rollout> {
  const { image, models, providers, isUngated = false } = release;
  const { id } = await startRollout(
    database,
    { actor, image, models, providers },
    { clock: systemClock, chance: systemChance },
  );
  const until = performance.now() + patienceMs;
  let told = 0;
  let waiting = "";
  while (performance.now() < until) {
    const rollout = await readRollout(database.query, id);
    for (const { provider, step, share, why } of rollout.state.history.slice(told))
      timeline.say(`  ${provider}: ${step}${share === null ? "" : ` ${100 * share}%`} (${why})`);
    told = rollout.state.history.length;
    if (rollout.outcome) return rollout;
    waiting = rollout.state.waiting;
    if (isUngated && !rollout.wish)
      await wish(database, { id, wish: "promote", actor }).catch(() => undefined);
    await sleep(200);
  }
  throw new Error(`the rollout of ${image} did not end: it waits for "${waiting}"`);
}
