import { asTradewindError } from "#infra/runtime/errors.ts";
import { ofTerm } from "../../records/leader.ts";
import { readRollout, writeProgress } from "../../records/rollouts.ts";
import { storable } from "../../records/storable.ts";
import { afterFailure } from "./after-failure.ts";
import { carryOut } from "./carry-out.ts";
import { lookAt } from "./look-at.ts";
import { type Move, type Next, planRollout, type Sight, shareOf } from "./plan-rollout.ts";
import type { Passage, Rollout, RolloutState, Wish } from "./rollout.ts";
import type { RolloutDeps } from "./rollout-deps.ts";
import { withoutUnseenTime } from "./unseen-time.ts";

/** From a first deploy to a last verdict there are fewer; what does more turns in a circle. */
const mostMoves = 50;

/** Takes a rollout as far as it goes now: until it waits for something, is over, or whoever leads comes to an end. */
export async function followRollout(id: string, deps: RolloutDeps): Promise<Rollout> {
  const { leading, database } = deps;
  const { signal } = leading;
  for (let moves = 0; ; moves += 1) {
    signal.throwIfAborted();
    const rollout = await readRollout(database.query, id, { signal });
    if (leading.ending.aborted || moves === mostMoves) return rollout;
    const sight = await lookAt(rollout, deps);
    const state = withoutUnseenTime(rollout.state, sight);
    const isMoving = await take({ ...rollout, state }, sight, deps);
    if (!isMoving) return await readRollout(database.query, id, { signal });
  }
}

/** Returns whether it went on to another step. */
async function take(rollout: Rollout, sight: Sight, deps: RolloutDeps): Promise<boolean> {
  const next = planRollout(rollout, sight);
  if (next.kind !== "do") return await goOn(rollout, next, deps);
  try {
    const { revisions } = await carryOut(next.deed, rollout, deps);
    const done = { ...rollout, state: { ...rollout.state, revisions } };
    return await goOn(done, { kind: "move", move: next.then }, deps);
  } catch (thrown) {
    deps.leading.signal.throwIfAborted();
    const error = asTradewindError(thrown);
    if (error.code === "not_leader") throw error;
    deps.tellTrouble?.(rollout, error);
    return await goOn(rollout, afterFailure(rollout, error, sight), deps);
  }
}

async function goOn(
  rollout: Rollout,
  next: Exclude<Next, { readonly kind: "do" }>,
  deps: RolloutDeps,
): Promise<boolean> {
  const { state } = rollout;
  const now = deps.clock.now();
  if (next.kind === "over") return false;
  if (next.kind === "wait") {
    const waiting = cut(next.why);
    const isSeen = now - (state.seenAt ?? Number.NEGATIVE_INFINITY) < seenEveryMs;
    if (waiting !== state.waiting || !isSeen) await write(rollout, { ...state, waiting, seenAt: now }, deps);
    return false;
  }
  const { move } = next;
  const passage = passageOf(rollout, move, now);
  const { place, step, share } = move;
  const back = cut(move.back);
  const history = [...state.history, passage].slice(-mostHistory);
  const after = { ...state, ...{ place, step, share, back, history }, since: now, seenAt: now, waiting: "" };
  await write(rollout, after, deps, move);
  deps.tell?.({ ...rollout, state: after }, passage);
  return step !== "done" && step !== "rolled back";
}

/** That somebody looked is written down often enough to be told from that nobody could. */
const seenEveryMs = 10_000;

async function write(rollout: Rollout, state: RolloutState, deps: RolloutDeps, move?: Move): Promise<void> {
  const { database, leading } = deps;
  const { step } = state;
  const outcome = step === "done" || step === "rolled back" ? step : undefined;
  // Whoever goes back has done what a rollback wishes.
  const fulfils: Wish | undefined = state.back === "" ? move?.fulfils : "rollback";
  const progress = { id: rollout.id, state, fulfils, outcome };
  await writeProgress(ofTerm(database, leading.term), progress, { signal: leading.signal });
}

function passageOf(rollout: Rollout, { place, step, share, why }: Move, at: number): Passage {
  const { wanted, state } = rollout;
  const isAboutShare = step === "share" || step === "measure";
  const provider = wanted.providers[place] ?? "";
  const given = shareOf({ wanted, state: { ...state, share } });
  return { at, provider, step, share: isAboutShare ? given : null, why: cut(why) };
}

const mostHistory = 2_000;

function cut(text: string): string {
  return storable(text.slice(0, 2_000));
}
