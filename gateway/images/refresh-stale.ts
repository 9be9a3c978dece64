import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { ImagesDeps } from "./images-deps.ts";
import { lookAtImage } from "./look-at-image.ts";
import type { SeeImages } from "./seen.ts";
import type { Sight } from "./sight.ts";

/** Makes a new answer for one that was given though it is old; the caller does not wait, and pays as for any other. */
export function refreshStale(sight: Sight, see: SeeImages, deps: ImagesDeps): void {
  const { key } = sight;
  const done = key ? deps.cache.claimRefresh(key) : undefined;
  if (!done) return;
  refresh(sight, see, deps)
    .catch((error: unknown) => sideConcernSkipped.publish({ what: "refreshing an answer", error }))
    .finally(() => done[Symbol.dispose]());
}

async function refresh(sight: Sight, see: SeeImages, deps: ImagesDeps): Promise<void> {
  const { ask, route } = see;
  const { caller } = ask;
  const reserved = await deps.admission.reserve({
    caller,
    model: route.model,
    whenAway: route.rules.whenRedisIsAway,
    nanoUsdEach: route.nanoUsdEach,
  });
  const signal = AbortSignal.timeout(deps.limits.requestTimeout);
  let nanoUsd = 0;
  try {
    // Past the door the image is no longer on its caller's account of bodies; what is under way at once is bounded here.
    ({ nanoUsd } = await lookAtImage(
      { ...see, image: sight.image, keyFor: sight.keyFor, missed: undefined, signal },
      deps,
    ));
  } finally {
    reserved.end({ images: 0, nanoUsd });
    const spent = { tenant: caller.tenant.id, keyId: caller.id, model: route.model, nanoUsd };
    deps.usage.count({ ...spent, requests: 0, images: 0, cached: 0, failed: 0 });
  }
}
