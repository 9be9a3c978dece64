import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";

export type MemoryFinding = {
  readonly rssBytes: number;
  /** What the process held when it was last as small as it gets. */
  readonly baselineBytes: number;
  readonly limitBytes: number;
  /** Requests since then: without any, nothing has grown that new workers would not need again. */
  readonly requestsSince: number;
};

/** Growth below this share of the limit is not worth loading the models again, whatever the limit says. */
const worthwhile = 0.1;

/** New workers help where the process is over its limit because it grew, not where its models need as much. */
export function judgeMemory(finding: MemoryFinding): "fine" | "recycle" {
  const { rssBytes, baselineBytes, limitBytes, requestsSince } = finding;
  const grew = rssBytes - baselineBytes >= limitBytes * worthwhile;
  return rssBytes >= limitBytes && grew && requestsSince > 0 ? "recycle" : "fine";
}

export type MemoryWatchOptions = {
  readonly readRss: () => number;
  /** Requests since the process started. */
  readonly requests: () => number;
  readonly clock: Clock;
  readonly everyMs: number;
  readonly limitBytes: number;
  /** Replaces the workers one by one; resolves when all are new. */
  readonly onRecycle: () => Promise<unknown>;
  readonly signal: AbortSignal;
  /** The least time from the end of one recycling to the next. */
  readonly restMs?: number;
};

/** Looks at the process's memory now and then until the signal; never rejects. To be started when the models are warm. */
export async function watchMemory(options: MemoryWatchOptions): Promise<void> {
  const { clock, restMs = 300_000 } = options;
  let baseline = takeBaseline(options);
  let restUntil = Number.NEGATIVE_INFINITY;
  while (await slept(options)) {
    if (clock.elapsed() < restUntil || judgeMemory(findingOf(options, baseline)) === "fine") continue;
    await recycle(options);
    restUntil = clock.elapsed() + restMs;
    // What the old workers held goes back in its own time, and the new ones fill up first.
    if (await slept(options)) baseline = takeBaseline(options);
  }
}

async function recycle({ onRecycle }: MemoryWatchOptions): Promise<void> {
  try {
    await onRecycle();
  } catch (error) {
    sideConcernSkipped.publish({ what: "recycling workers", error });
  }
}

type Baseline = { readonly bytes: number; readonly requests: number };

function takeBaseline({ readRss, requests }: MemoryWatchOptions): Baseline {
  return { bytes: readRss(), requests: requests() };
}

function findingOf({ readRss, requests, limitBytes }: MemoryWatchOptions, baseline: Baseline): MemoryFinding {
  return {
    rssBytes: readRss(),
    baselineBytes: baseline.bytes,
    limitBytes,
    requestsSince: requests() - baseline.requests,
  };
}

/** False when it is time to stop. */
async function slept({ clock, everyMs, signal }: MemoryWatchOptions): Promise<boolean> {
  await clock.sleep(everyMs, { signal }).catch(() => {});
  return !signal.aborted;
}
