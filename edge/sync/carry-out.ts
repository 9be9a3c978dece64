import { waitForWindow } from "../config/window.ts";
import { clearShelf } from "../store/clear-shelf.ts";
import { dropRevoked } from "../store/drop-revoked.ts";
import { modelOf } from "../store/model-state.ts";
import { endTrial, fallBack } from "../store/steps.ts";
import { bringModel, putOnShelf } from "./bring-model.ts";
import { failureOf, isStopped } from "./failure-of.ts";
import { planSync, type Step } from "./plan-sync.ts";
import type { SyncParts } from "./sync-parts.ts";
import { turnModel } from "./turn-model.ts";

type Patience = { readonly signal: AbortSignal };

/** A model's way takes a step off something revoked, one off a trial, one to what is planned. */
const mostRounds = 4;

/** Does what is to be done, one model after the other; what fails for one leaves the others and what runs as they are. */
export async function carryOut(parts: SyncParts, { signal }: Patience): Promise<void> {
  const done = new Set<string>();
  for (let round = 0; round < mostRounds; round += 1) {
    const steps = await planNow(parts);
    parts.memo.wanted = new Set(steps.flatMap(wantedBy));
    let isChanged = false;
    for (const step of steps) {
      if (done.has(step.model)) continue;
      signal.throwIfAborted();
      const isLast = await carefully(step, parts, { signal });
      if (isLast) done.add(step.model);
      else isChanged = true;
    }
    if (!isChanged) return;
  }
}

async function planNow(parts: SyncParts): Promise<readonly Step[]> {
  const { store, shelf, memo, machine, only, window, clock } = parts;
  const onShelf = new Set((await shelf.list()).map(({ sha256 }) => sha256));
  return planSync({
    ...{ state: store.state, list: memo.trust?.list(), lists: memo.lists, plan: memo.plan },
    ...{ machine, only, onShelf, damaged: memo.damaged, windowInMs: waitForWindow(window, clock.now()) },
  });
}

function wantedBy(step: Step): readonly string[] {
  return step.kind === "bring" || step.kind === "repair" ? [step.artefact.sha256] : [];
}

/** Answers whether this model is done with for now. */
async function carefully(step: Step, parts: SyncParts, patience: Patience): Promise<boolean> {
  try {
    return await take(step, parts, patience);
  } catch (error) {
    if (isStopped(error, patience.signal)) throw error;
    const { model } = step;
    const failure = failureOf(error, releaseOf(step));
    parts.memo.failures.set(model, failure);
    parts.log.warn(
      { err: error, model, cause: failure.cause, release: failure.release },
      "a step of a sync failed",
    );
    return true;
  }
}

async function take(step: Step, parts: SyncParts, patience: Patience): Promise<boolean> {
  const { store, memo, log } = parts;
  const { model } = step;
  switch (step.kind) {
    case "nothing":
      memo.failures.delete(model);
      await turnModel(model, parts, patience);
      return true;
    case "wait":
      return true;
    case "fail":
      memo.failures.set(model, step.failure);
      return true;
    case "end_trial":
      await store.change((state) => endTrial(state, model));
      return false;
    case "go_back":
      await store.change((state) => fallBack(state, model));
      parts.health.follow(model);
      await turnModel(model, parts, patience);
      log.warn({ model, release: step.to.release, from: step.from.release }, "an earlier release runs again");
      return false;
    case "leave_revoked":
      return await leaveRevoked(step, parts, patience);
    case "repair":
      await putOnShelf(step, parts, patience);
      await turnModel(model, parts, patience);
      return true;
    case "bring":
      await bringModel(step, parts, patience);
      return true;
  }
}

/** Off it at once, whatever stands in its place, and its file leaves the disk. */
async function leaveRevoked(
  { model, from }: Extract<Step, { kind: "leave_revoked" }>,
  parts: SyncParts,
  patience: Patience,
): Promise<boolean> {
  const { store, memo, log } = parts;
  await store.change((state) => dropRevoked(state, memo.trust?.list()?.revocations ?? []));
  parts.health.follow(model);
  await turnModel(model, parts, patience);
  await clearShelf(parts, memo.wanted);
  const release = modelOf(store.state, model).active?.release ?? null;
  log.warn({ model, revoked: from?.release, release }, "a revoked release is gone from this device");
  return false;
}

function releaseOf(step: Step): number {
  if (step.kind === "bring" || step.kind === "repair") return step.artefact.about.release;
  if (step.kind === "go_back") return step.to.release;
  if (step.kind === "wait") return step.release;
  if (step.kind === "end_trial") return step.trial.release;
  return step.kind === "leave_revoked" ? (step.from?.release ?? 1) : 1;
}
