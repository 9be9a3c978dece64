import { type HealthWatch, type ProbationEnd, watchHealth } from "../health/watch-health.ts";
import { modelOf } from "../store/model-state.ts";
import { countImages, endProbation, fallBack, quarantine } from "../store/steps.ts";
import type { HealthHand, SyncParts } from "./sync-parts.ts";
import { turnModel } from "./turn-model.ts";

export type Health = HealthHand & AsyncDisposable;

type HealthParts = Pick<SyncParts, "store" | "shelf" | "running" | "builtIn" | "memo" | "clock" | "log"> & {
  /** Has the gateway hear of it. */
  readonly wake: () => void;
};

/** What is on probation is watched, and gives way to what ran before it by itself, with no network and nobody asked. */
export function keepHealthy(parts: HealthParts): Health {
  const { running, store, clock, log } = parts;
  const stopping = new AbortController();
  let work: Promise<void> = Promise.resolve();
  const onVerdict = (end: ProbationEnd): void => {
    const settled = settle(end, parts, stopping.signal).catch((error: unknown) => {
      if (!stopping.signal.aborted)
        log.error({ err: error, model: end.model }, "a probation could not be ended");
    });
    // One that waits for room on the disk keeps no other model waiting.
    work = Promise.all([work, settled]).then(() => undefined);
  };
  const watch = watchHealth({ running, clock, onVerdict });
  return {
    follow: (model) => follow(model, watch, store.state),
    note: () => note(watch, store),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      watch[Symbol.dispose]();
      await work;
    },
  };
}

function follow(model: string, watch: HealthWatch, state: SyncParts["store"]["state"]): void {
  const { active, previous, probation } = modelOf(state, model);
  if (active && probation) {
    const { sinceMs, images } = probation;
    watch.begin(model, { release: active.release, previous: previous?.release ?? null, sinceMs, images });
  } else watch.end(model);
}

/** Each of these is a write to the disk. */
const imagesAtOnce = 25;

async function note(watch: HealthWatch, store: SyncParts["store"]): Promise<void> {
  for (const [model, { probation }] of Object.entries(store.state.models)) {
    const more = (watch.imagesOf(model) ?? 0) - (probation?.images ?? 0);
    if (probation && more >= imagesAtOnce) await store.change((state) => countImages(state, model, more));
  }
}

async function settle(
  { model, release, verdict }: ProbationEnd,
  parts: HealthParts,
  signal: AbortSignal,
): Promise<void> {
  const { store, builtIn, memo, log, wake } = parts;
  if (verdict.kind === "held") {
    await store.change((state) =>
      modelOf(state, model).active?.release === release ? endProbation(state, model) : state,
    );
    log.info({ model, release }, "a release has held its probation");
    return wake();
  }
  const { detail } = verdict;
  const failure = { cause: "unhealthy", detail } as const;
  await keepFall(model, parts, signal, (state) => {
    const { active, previous } = modelOf(state, model);
    // Something else may have taken its place since; and what nothing can follow is better than nothing.
    if (active?.release !== release) return state;
    if (previous) return fallBack(state, model, failure);
    return builtIn.has(model)
      ? quarantine(state, model, { slot: active, ...failure })
      : endProbation(state, model);
  });
  memo.failures.set(model, { ...failure, release });
  await turnModel(model, parts, { signal });
  const now = modelOf(store.state, model).active?.release ?? null;
  log.warn({ model, release, back_to: now, detail }, "a release does not do what the one before it did");
  wake();
}

const retryMs = 30_000;

/** It is told of once, so a disk that takes nothing now is asked again until it does. */
async function keepFall(
  model: string,
  { store, clock, log }: HealthParts,
  signal: AbortSignal,
  fall: Parameters<SyncParts["store"]["change"]>[0],
): Promise<void> {
  for (;;) {
    try {
      await store.change(fall);
      return;
    } catch (error) {
      signal.throwIfAborted();
      log.error({ err: error, model }, "a release that is to give way stays until the disk takes that");
      await clock.sleep(retryMs, { signal });
    }
  }
}
