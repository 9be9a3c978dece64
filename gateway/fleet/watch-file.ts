import { type FSWatcher, watch } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "#infra/runtime/clock.ts";

export type WatchFileOptions = {
  readonly file: string;
  /** Told once at the beginning, and then whenever the file is another or has other content, also when it went. */
  readonly onChange: () => void;
  readonly clock: Clock;
  /** Some file systems tell nothing, so it is looked at regardless. */
  readonly pollMs?: number;
  /** A file that is being written is left alone until it stays the same for so long. */
  readonly settleMs?: number;
};

export type Watching = AsyncDisposable & { readonly close: () => Promise<void> };

/**
 * Watches a file through its folder, since editors put another file in its place, and a volume of Kubernetes exchanges a
 * link somewhere on the way to it.
 */
export function watchFile({
  file,
  onChange,
  clock,
  pollMs = 1_000,
  settleMs = 50,
}: WatchFileOptions): Watching {
  const stop = new AbortController();
  const bell = createBell();
  const watcher = watchFolder(dirname(file), bell.ring);
  const looking = keepLooking({ file, onChange, clock, pollMs, settleMs }, bell, stop.signal);
  const close = async (): Promise<void> => {
    stop.abort();
    watcher?.close();
    await looking;
  };
  return { close, [Symbol.asyncDispose]: close };
}

async function keepLooking(
  options: Required<WatchFileOptions>,
  bell: Bell,
  signal: AbortSignal,
): Promise<void> {
  const { file, onChange, clock, pollMs, settleMs } = options;
  let seen: string | undefined;
  while (!signal.aborted) {
    const rung = bell.next();
    const stamp = await settled(file, seen, options, signal);
    if (signal.aborted) return;
    if (stamp !== seen) onChange();
    seen = stamp;
    await clock.sleep(pollMs, { signal: AbortSignal.any([signal, rung]) }).catch(() => undefined);
    // However much happens in its folder, a file is looked at so often and no more.
    if (rung.aborted) await clock.sleep(settleMs, { signal }).catch(() => undefined);
  }
}

/** One that never rests is taken as it is. */
const mostWaits = 20;

async function settled(
  file: string,
  seen: string | undefined,
  { clock, settleMs }: Required<WatchFileOptions>,
  signal: AbortSignal,
): Promise<string> {
  let stamp = await stampOf(file);
  for (let waits = 0; stamp !== seen && waits < mostWaits && !signal.aborted; waits += 1) {
    await clock.sleep(settleMs, { signal }).catch(() => undefined);
    const later = await stampOf(file);
    if (later === stamp) break;
    stamp = later;
  }
  return stamp;
}

/** Of whatever the path leads to in the end. */
async function stampOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}:${found.ctimeNs}` : "gone";
}

type Bell = { readonly ring: () => void; readonly next: () => AbortSignal };

/** A ring before anybody waits is heard as well. */
function createBell(): Bell {
  let waiting = new AbortController();
  return {
    ring: () => waiting.abort(),
    next: () => {
      waiting = new AbortController();
      return waiting.signal;
    },
  };
}

/** A folder that cannot be watched, or not any more, is no reason to stop: the file is looked at anyway. */
function watchFolder(folder: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, onEvent);
    watcher.on("error", () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
