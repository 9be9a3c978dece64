import type { Clock } from "#infra/runtime/clock.ts";
import type { Plan } from "#infra/runtime/devices/words.ts";
import type { KeptList, KeptLists } from "./kept-lists.ts";
import { listKey, timestampKey } from "./list-names.ts";
import { readTimestamp } from "./lists.ts";
import { mostListBytes } from "./lists-in-store.ts";

type Patience = { readonly signal: AbortSignal };

/** Which lists a device that asked now would be served here; undefined where that is not known in time. */
export type NewestLists = (options: Patience) => Promise<Plan["lists"]>;

export type NewestListsOptions = {
  /** The very ones that are served: two places that remember would not always say the same. */
  readonly lists: KeptLists;
  readonly clock: Pick<Clock, "sleep">;
};

/** So long a plan waits for a store that is slow, before it goes without. */
const mostWaitMs = 2_000;

/**
 * For plans, which devices ask for more often than anything else: who hears that it has the newest lists fetches none of
 * them. Nothing is verified here, since a device takes nothing for it but leave to rest.
 */
export function createNewestLists({ lists, clock }: NewestListsOptions): NewestLists {
  const findRoot = followRoots(lists);
  const findTimestamp = readTimestamps(lists);
  return async ({ signal }) => {
    const over = new AbortController();
    const late = clock
      .sleep(mostWaitMs, { signal: AbortSignal.any([signal, over.signal]) })
      .then(nothing, nothing);
    const look = Promise.all([findRoot({ signal }), findTimestamp({ signal })]).then(
      ([root, timestamp]) =>
        root === undefined || timestamp === undefined ? undefined : { root, timestamp },
      nothing,
    );
    const found = await Promise.race([look, late]);
    over.abort();
    return found;
  };
}

const nothing = () => undefined;

/** Far more than anybody signs; a look that comes later goes on from there. */
const mostRootsAtOnce = 256;

/** A root that was there once is there for good, so each look begins with the last one that was found. */
function followRoots(lists: KeptLists): (options: Patience) => Promise<number | undefined> {
  let newest = 0;
  return async ({ signal }) => {
    for (let step = 0; step < mostRootsAtOnce; step += 1) {
      const version = newest + 1;
      const found = await lists.find(listKey({ role: "root", version }), { isImmutable: true, signal });
      if (!found) return newest === 0 ? undefined : newest;
      newest = Math.max(newest, version);
    }
    return undefined;
  };
}

function readTimestamps(lists: KeptLists): (options: Patience) => Promise<number | undefined> {
  let read: { readonly etag: KeptList["etag"]; readonly version: number } | undefined;
  return async ({ signal }) => {
    const found = await lists.find(timestampKey, { isImmutable: false, signal });
    if (!found || found.bytes.byteLength > mostListBytes.timestamp) return undefined;
    if (read?.etag !== found.etag)
      read = { etag: found.etag, version: readTimestamp(found.bytes).signed.version };
    return read.version;
  };
}
