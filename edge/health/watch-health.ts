import type { Clock } from "#infra/runtime/clock.ts";
import type { Answered, RunningModels } from "../answer/running-model.ts";
import { createHistory, type History, remember } from "./history.ts";
import { type HealthVerdict, judgeHealth, probationMs, quietMs } from "./judge-health.ts";

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
  /** What runs now, and what ran before it; null for a first one, of which only failures can speak. */
  readonly release: number;
  readonly previous: number | null;
  /** Milliseconds since 1970, and images since then that processes before this one have seen. */
  readonly sinceMs: number;
  readonly images: number;
};

export type HealthWatch = Disposable & {
  /** From a switch on, and after a start where one was on probation; said again of the same one it changes nothing. */
  readonly begin: (model: string, probation: Probation) => void;
  /** For a release that no longer runs. */
  readonly end: (model: string) => void;
  /** Images since the switch; undefined where nothing is on probation. */
  readonly imagesOf: (model: string) => number | undefined;
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
    imagesOf: (model) => watch.models.get(model)?.probation?.images,
    [Symbol.dispose]: () => {
      done.abort();
      listening[Symbol.dispose]();
    },
  };
}

type Watched = {
  /** By release, the one that answered last at the end. */
  readonly histories: Map<number, History>;
  probation: (Omit<Probation, "images"> & { images: number; readonly startedAt: number }) | undefined;
};

type Watch = { readonly options: WatchHealth; readonly models: Map<string, Watched> };

function begin(watch: Watch, model: string, probation: Probation): void {
  const { clock } = watch.options;
  const watched = watchedOf(watch, model);
  const { release, sinceMs } = probation;
  if (watched.probation?.release === release && watched.probation.sinceMs === sinceMs) return;
  // What it answered in an earlier life says nothing of this one.
  watched.histories.delete(release);
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

function historyOf({ histories }: Watched, release: number): History {
  const history = histories.get(release) ?? createHistory();
  histories.delete(release);
  histories.set(release, history);
  const [oldest] = histories.keys();
  if (histories.size > mostHistories && oldest !== undefined) histories.delete(oldest);
  return history;
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
  const { release, previous, images, startedAt } = probation;
  const verdict = judgeHealth({
    before: (previous === null ? undefined : histories.get(previous))?.stretches ?? [],
    since: histories.get(release) ?? createHistory(),
    images,
    ageMs: clock.elapsed() - startedAt,
  });
  if (verdict.kind === "watching") return;
  watched.probation = undefined;
  onVerdict({ model, release, verdict });
}
