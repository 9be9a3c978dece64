import type { Clock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { withinTime } from "./time-limit.ts";
import type { UpstreamHttp } from "./upstream-http.ts";

/** What is known of a model elsewhere, asked for again and again until it is closed. */
export type ReadyWatch = {
  readonly ready: boolean;
  /** Resolves when the last question has ended; nothing is asked afterwards. */
  readonly close: () => Promise<void>;
};

export type ReadyWatchOptions = {
  readonly http: UpstreamHttp;
  /** Answers 200 while the model can be used. */
  readonly path: string;
  readonly clock: Clock;
  readonly everyMs?: number;
  readonly probeTimeoutMs?: number;
};

/** One answer that is late or lost is no news: a busy server must not look like a dead one. */
const failuresUntilDown = 2;

/** Asks once before it resolves, and throws when the model cannot be used now. */
export async function watchReady(options: ReadyWatchOptions): Promise<ReadyWatch> {
  const { clock, everyMs = 1_000 } = options;
  const stop = new AbortController();
  await probe(options, stop.signal);
  let failures = 0;
  const watching = (async () => {
    while (await clock.sleep(everyMs, { signal: stop.signal }).then(yes, no)) {
      failures = (await probe(options, stop.signal).then(yes, no)) ? 0 : failures + 1;
    }
  })();
  return {
    get ready() {
      return failures < failuresUntilDown;
    },
    close: () => {
      stop.abort();
      return watching;
    },
  };
}

async function probe(options: ReadyWatchOptions, signal: AbortSignal): Promise<void> {
  const { http, path, clock, probeTimeoutMs: ms = 5_000 } = options;
  const ask = (inTime: AbortSignal) => http.call({ method: "GET", path, signal: inTime });
  const { status } = await withinTime({ clock, ms, signal }, ask);
  if (status === 200) return;
  const cause = new Error(`status ${status}`);
  throw new TradewindError("model_not_ready", "the upstream server says that the model is not ready", {
    cause,
  });
}

function yes(): boolean {
  return true;
}

function no(): boolean {
  return false;
}
