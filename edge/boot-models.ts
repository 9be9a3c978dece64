import { asTradewindError } from "#infra/runtime/errors.ts";
import { chooseAtBoot, type ModelAtBoot } from "./store/choose-at-boot.ts";
import type { DeviceState, ModelState, Slot } from "./store/device-state.ts";
import { heldBy, isQuarantined, modelOf } from "./store/model-state.ts";
import type { OpenedState } from "./store/open-state.ts";
import { rebuildState } from "./store/rebuild-state.ts";
import type { ShelfItem } from "./store/shelf-item.ts";
import { forgetOpenings } from "./store/steps.ts";
import type { Died } from "./store/work-mark.ts";
import type { SyncParts } from "./sync/sync-parts.ts";
import { runBuiltIn } from "./sync/turn-model.ts";

export type BootParts = Pick<SyncParts, "shelf" | "running" | "builtIn" | "memo" | "log"> & {
  readonly store: OpenedState;
  /** Files with which the process before this one computed when it died. */
  readonly died?: Died;
};

/**
 * Has everything answer that can, before anybody is asked anything; answers the models whose trial was cut short. What
 * the disk does not take, such as that a try is counted, keeps nothing from answering, and is not tried then.
 */
export async function bootModels(
  parts: BootParts,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly ShelfItem[]> {
  const { store, shelf, running, builtIn, memo, log, died = new Map() } = parts;
  if (store.found !== "whole" && store.found !== "fresh")
    log.error(
      { found: store.found },
      "the newest state of this device could not be read; an older one serves",
    );
  if (store.found === "lost") {
    const items = await shelf.list();
    await keepIfPossible(parts, (state) => rebuildState(state, items));
  }
  const sound = await soundFiles(parts, signal);
  const { next, models } = chooseAtBoot(store.state, { sound, builtIn: new Set(builtIn.keys()), died });
  tellDeaths(store.state, next, log);
  const isKept = await keepIfPossible(parts, () => next);
  const retried: ShelfItem[] = [];
  for (const [name, choice] of models) {
    if (choice.missing) memo.damaged.add(choice.missing.sha256);
    await runChosen(name, choice, { ...parts, sound }, signal);
    if (running.find(name)?.sha256 === modelOf(store.state, name).active?.sha256)
      await keepIfPossible(parts, (state) => forgetOpenings(state, name));
    const item = isKept && choice.retry ? await shelf.find(choice.retry.sha256) : undefined;
    if (item) retried.push(item);
  }
  return retried;
}

function tellDeaths(before: DeviceState, next: DeviceState, log: BootParts["log"]): void {
  for (const [model, { active, probation }] of Object.entries(before.models)) {
    const now = modelOf(next, model);
    const deaths = deathsIn(now.probation);
    const release = active?.release;
    if (deaths > deathsIn(probation))
      log.warn({ model, release, deaths }, "the agent died while this release computed");
    const detail = now.quarantined.find(({ sha256 }) => sha256 === active?.sha256)?.detail;
    const backTo = now.active?.release ?? null;
    if (detail !== undefined) log.warn({ model, release, back_to: backTo, detail }, "a release is set aside");
  }
}

function deathsIn(probation: ModelState["probation"]): number {
  return (probation?.deaths ?? 0) + (probation?.openings ?? 0);
}

async function keepIfPossible(
  { store, log }: BootParts,
  next: Parameters<BootParts["store"]["change"]>[0],
): Promise<boolean> {
  try {
    await store.change(next);
    return true;
  } catch (error) {
    log.error({ err: error }, "the state cannot be written; what runs goes on");
    return false;
  }
}

/** Every byte is read: a disk may have forgotten some since. */
async function soundFiles({ store, shelf }: BootParts, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const sound = new Set<string>();
  for (const sha256 of heldBy(store.state)) if (await shelf.verify(sha256, { signal })) sound.add(sha256);
  return sound;
}

/** What was chosen, else what ran before it, else what came with the device; a model that cannot run stops no other. */
async function runChosen(
  name: string,
  { slot }: ModelAtBoot,
  parts: BootParts & { readonly sound: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<void> {
  const { store, sound, running, shelf, log } = parts;
  const model = modelOf(store.state, name);
  const { previous } = model;
  const isFit = previous && sound.has(previous.sha256) && !isQuarantined(model, previous.sha256);
  const slots: (Slot | undefined)[] = [slot, isFit && previous !== slot ? previous : undefined];
  for (const one of slots) {
    if (!one) continue;
    try {
      const { version, release, sha256 } = one;
      return await running.turnTo(
        { name, version, path: shelf.modelPath(sha256), release, sha256 },
        { signal },
      );
    } catch (error) {
      signal.throwIfAborted();
      const { message } = asTradewindError(error);
      log.error({ err: error, model: name, release: one.release }, `a model cannot be opened: ${message}`);
    }
  }
  await runBuiltIn(name, parts, { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    log.error({ err: error, model: name }, "the built-in model cannot be opened");
  });
}
