import type { Clock } from "#infra/runtime/clock.ts";
import type { Answered, RunningModels } from "../answer/running-model.ts";
import type { Baseline } from "./baseline.ts";
import { createHistory, type History, knownOf, remember } from "./history.ts";
import { type HealthVerdict, judgeHealth, probationMs, quietMs } from "./judge-health.ts";
import type { Stretch } from "./stretch.ts";

export type WatchHealth = {
  readonly running: Pick<RunningModels, "onAnswer">;
  readonly clock: Clock;
  /** Told once of each probation that comes to its end. */
  readonly onVerdict: (verdict: ProbationEnd) => void;
  /** Time alone may end a probation; it is looked at so often. */
  readonly everyMs?: number;
};

export type ProbationEnd = {
  readonly model: string;
  readonly release: number;
  readonly verdict: Exclude<HealthVerdict, { kind: "watching" }>;
};

export type Probation = {
  readonly release: number;
  /** What ran before it was like; null for a first one, of which only failures can speak. */
  readonly before: Baseline | null;
  /** Milliseconds since 1970, and images since then that processes before this one have seen. */
  readonly sinceMs: number;
  readonly images: number;
  /** The last of those, as they were. */
  readonly seen: readonly Stretch[];
};

export type HealthWatch = Disposable & {
  /** From a switch on, and after a start where one was on probation; said again of the same one it changes nothing. */
  readonly begin: (model: string, probation: Probation) => void;
  /** For a release that no longer runs. */
  readonly end: (model: string) => void;
  /** Of a release on probation, for a next life of this device; undefined where it is not watched. */
  readonly progressOf: (model: string, release: number) => Pick<Probation, "images" | "seen"> | undefined;
  /** What a release is like that has answered here; null of one that has not. */
  readonly knownOf: (model: string, release: number) => Baseline | null;
  /** What lives before this one knew of a release; said again once it has answered in this one, it changes nothing. */
  readonly recall: (model: string, release: number, earlier: Baseline) => void;
};

const usualEveryMs = 30_000;

/** Remembers what releases answered, and tells of one that is on probation whether it does what the one before it did. */
export function watchHealth(options: WatchHealth): HealthWatch {
  const { running, everyMs = usualEveryMs } = options;
  const watch: Watch = { options, models: new Map() };
  const done = new AbortController();
  const listening = running.onAnswer((told) => hear(watch, told));
  lookNowAndThen(watch, { everyMs, signal: done.signal }).catch(() => {});
  return {
    begin: (model, probation) => begin(watch, model, probation),
    end: (model) => {
      watchedOf(watch, model).probation = undefined;
    },
    progressOf: (model, release) => progressOf(watchedOf(watch, model), release),
    knownOf: (model, release) => {
      const history = watchedOf(watch, model).histories.get(release);
      return history ? knownOf(history) : null;
    },
    recall: (model, release, earlier) => {
      const watched = watchedOf(watch, model);
      if (!watched.histories.has(release)) keepHistory(watched, release, createHistory({ earlier }));
    },
    [Symbol.dispose]: () => {
      done.abort();
      listening[Symbol.dispose]();
    },
  };
}

type Watched = {
  /** By release, the one that answered last at the end. */
  readonly histories: Map<number, History>;
  probation:
    | (Omit<Probation, "images" | "seen"> & { images: number; readonly startedAt: number })
    | undefined;
};

type Watch = { readonly options: WatchHealth; readonly models: Map<string, Watched> };

function begin(watch: Watch, model: string, probation: Probation): void {
  const { clock } = watch.options;
  const watched = watchedOf(watch, model);
  const { release, sinceMs, seen } = probation;
  if (watched.probation?.release === release && watched.probation.sinceMs === sinceMs) return;
  // What it answered before this probation says nothing of it.
  keepHistory(watched, release, createHistory({ stretches: seen }));
  // By the clock that never runs backwards from here on. The other one may have been set by years since then.
  const earlierMs = Math.min(Math.max(0, clock.now() - sinceMs), mostEarlierMs);
  const startedAt = clock.elapsed() - earlierMs;
  watched.probation = { ...probation, startedAt };
  judge(watch, model);
}

/** However long ago it began by what the clock says: each life watches for itself before it says that all is well. */
const mostEarlierMs = quietMs - probationMs;

/** What runs, what ran before it, and one that was tried between. */
const mostHistories = 3;

function watchedOf({ models }: Watch, model: string): Watched {
  const watched = models.get(model) ?? { histories: new Map(), probation: undefined };
  models.set(model, watched);
  return watched;
}

function historyOf(watched: Watched, release: number): History {
  return keepHistory(watched, release, watched.histories.get(release) ?? createHistory());
}

function keepHistory({ histories }: Watched, release: number, history: History): History {
  histories.delete(release);
  histories.set(release, history);
  const [oldest] = histories.keys();
  if (histories.size > mostHistories && oldest !== undefined) histories.delete(oldest);
  return history;
}

/** As many as a judgement looks at. */
const mostSeen = 2;

function progressOf(
  { histories, probation }: Watched,
  release: number,
): ReturnType<HealthWatch["progressOf"]> {
  if (probation?.release !== release) return undefined;
  const { images } = probation;
  return { images, seen: histories.get(release)?.stretches.slice(-mostSeen) ?? [] };
}

function hear(watch: Watch, told: Answered): void {
  const watched = watchedOf(watch, told.model);
  remember(historyOf(watched, told.release), told);
  const { probation } = watched;
  // What the release before has in hand still counts for itself.
  if (probation?.release !== told.release) return;
  probation.images += 1;
  judge(watch, told.model);
}

async function lookNowAndThen(
  watch: Watch,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  for (;;) {
    await watch.options.clock.sleep(everyMs, { signal });
    for (const model of watch.models.keys()) judge(watch, model);
  }
}

function judge(watch: Watch, model: string): void {
  const { clock, onVerdict } = watch.options;
  const watched = watchedOf(watch, model);
  const { histories, probation } = watched;
  if (!probation) return;
  const { release, before, images, startedAt } = probation;
  const verdict = judgeHealth({
    ...{ before, images },
    since: histories.get(release) ?? createHistory(),
    ageMs: clock.elapsed() - startedAt,
  });
  if (verdict.kind === "watching") return;
  watched.probation = undefined;
  onVerdict({ model, release, verdict });
}
