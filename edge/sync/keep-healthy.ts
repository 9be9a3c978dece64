import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { type Baseline, together } from "../health/baseline.ts";
import { type HealthWatch, type ProbationEnd, watchHealth } from "../health/watch-health.ts";
import type { DeviceState } from "../store/device-state.ts";
import { modelOf } from "../store/model-state.ts";
import { countImages, endProbation, fallBack, keepUsual, quarantine } from "../store/steps.ts";
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
    const settled = settle(end, { ...parts, watch }, stopping.signal).catch((error: unknown) => {
      if (!stopping.signal.aborted)
        log.error({ err: error, model: end.model }, "a probation could not be ended");
    });
    // One that waits for room on the disk keeps no other model waiting.
    work = Promise.all([work, settled]).then(() => undefined);
  };
  const watch = watchHealth({ running, clock, onVerdict });
  // It is beside the path: without it an update goes on, and the next start knows less.
  const note = async (noting: Noting): Promise<void> => {
    try {
      await store.change((state) => noted(state, watch, noting));
    } catch (error) {
      sideConcernSkipped.publish({ what: "writing down what was seen", error });
    }
  };
  let notedAt = clock.elapsed();
  return {
    follow: (model) => follow(model, watch, store.state),
    note: async () => {
      const isDue = clock.elapsed() - notedAt >= usualEveryMs;
      if (isDue) notedAt = clock.elapsed();
      await note({ images: imagesAtOnce, isDue });
    },
    usualOf: (model) => usualOf(model, watch, store.state),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      watch[Symbol.dispose]();
      await work;
      await note({ images: 1, isDue: true });
    },
  };
}

function follow(model: string, watch: HealthWatch, state: DeviceState): void {
  const { active, probation, usual } = modelOf(state, model);
  if (active && probation) watch.begin(model, { ...probation, release: active.release });
  else watch.end(model);
  if (active && usual) watch.recall(model, active.release, usual);
}

function usualOf(model: string, watch: HealthWatch, state: DeviceState): Baseline | null {
  const { active, probation, usual } = modelOf(state, model);
  const known = active && watch.knownOf(model, active.release);
  // Of one that has not held little is known: what it was held against counts for the next one as well.
  return probation ? together(known, probation.before) : (known ?? usual);
}

/** Each of these is a write to the disk. */
const imagesAtOnce = 25;
const usualEveryMs = 3_600_000;

type Noting = {
  /** Of one on probation: fewer than these are kept with those that follow. */
  readonly images: number;
  /** Whether what has held is to be written down too. */
  readonly isDue: boolean;
};

/** The state with what was seen since it was written; the same one where that is not worth a write. */
function noted(state: DeviceState, watch: HealthWatch, { images, isDue }: Noting): DeviceState {
  let next = state;
  for (const [model, { active, probation }] of Object.entries(state.models)) {
    if (!active) continue;
    const progress = watch.progressOf(model, active.release);
    const more = (progress?.images ?? 0) - (probation?.images ?? 0);
    if (progress && more >= images) next = countImages(next, model, more, progress.seen);
    if (isDue) next = keepUsual(next, model, watch.knownOf(model, active.release));
  }
  return next;
}

async function settle(
  { model, release, verdict }: ProbationEnd,
  parts: HealthParts & { readonly watch: HealthWatch },
  signal: AbortSignal,
): Promise<void> {
  const { store, builtIn, memo, log, wake, watch } = parts;
  if (verdict.kind === "held") {
    await keepEnd(model, parts, signal, (state) =>
      modelOf(state, model).active?.release === release
        ? keepUsual(endProbation(state, model), model, watch.knownOf(model, release))
        : state,
    );
    log.info({ model, release }, "a release has held its probation");
    return wake();
  }
  const { detail } = verdict;
  const failure = { cause: "unhealthy", detail } as const;
  await keepEnd(model, parts, signal, (state) => {
    const { active, previous } = modelOf(state, model);
    // Something else may have taken its place since; and what nothing can follow is better than nothing.
    if (active?.release !== release) return state;
    if (previous) return fallBack(state, model, failure);
    return builtIn.has(model)
      ? quarantine(state, model, { slot: active, ...failure })
      : endProbation(state, model);
  });
  memo.failures.set(model, { ...failure, release });
  follow(model, watch, store.state);
  await turnModel(model, parts, { signal });
  const now = modelOf(store.state, model).active?.release ?? null;
  log.warn({ model, release, back_to: now, detail }, "a release does not do what the one before it did");
  wake();
}

const retryMs = 30_000;

/** It is told of once, so a disk that takes nothing now is asked again until it does. */
async function keepEnd(
  model: string,
  { store, clock, log }: HealthParts,
  signal: AbortSignal,
  end: Parameters<SyncParts["store"]["change"]>[0],
): Promise<void> {
  for (;;) {
    try {
      await store.change(end);
      return;
    } catch (error) {
      signal.throwIfAborted();
      log.error(
        { err: error, model },
        "a release stays as it is until the disk takes how its probation ended",
      );
      await clock.sleep(retryMs, { signal });
    }
  }
}
