import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { type KnownRelease, knownReleases } from "../repository/known-releases.ts";
import { readVerified, type VerifiedRepository } from "../repository/read-verified.ts";
import type { Repository } from "../repository/repository.ts";

/** What lies in the signed repository, as it was last found to hold. */
export type Releases = AsyncDisposable & {
  readonly now: () => readonly KnownRelease[];
};

export type WatchReleasesOptions = {
  readonly repository: Repository;
  readonly clock: Clock;
  readonly everyMs: number;
  /** Hears of each reading that held. */
  readonly onRead?: (verified: VerifiedRepository) => void;
  /** Gives the first reading up. */
  readonly signal: AbortSignal;
};

/** A repository that does not hold, or cannot be read, leaves what was known: devices verify all of it themselves. */
export async function watchReleases(options: WatchReleasesOptions): Promise<Releases> {
  const { clock, everyMs, signal } = options;
  const stop = new AbortController();
  let known: readonly KnownRelease[] = [];
  const look = async (until: AbortSignal): Promise<void> => {
    try {
      known = await readReleases(options, until);
    } catch (error) {
      until.throwIfAborted();
      sideConcernSkipped.publish({ what: "reading the repository", error });
    }
  };
  await look(signal);
  const turning = (async () => {
    while (!stop.signal.aborted) {
      await clock.sleep(everyMs, { signal: stop.signal }).catch(() => undefined);
      if (!stop.signal.aborted) await look(stop.signal).catch(() => undefined);
    }
  })();
  return {
    now: () => known,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await turning;
    },
  };
}

async function readReleases(
  { repository, onRead }: WatchReleasesOptions,
  signal: AbortSignal,
): Promise<readonly KnownRelease[]> {
  const verified = await readVerified(repository, { signal });
  onRead?.(verified);
  for (const { model, error } of verified.refused)
    sideConcernSkipped.publish({ what: "reading the repository", detail: model, error });
  return knownReleases(verified);
}
