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

async function refresh({ image, number, keyFor }: Sight, see: SeeImages, deps: ImagesDeps): Promise<void> {
  const { ask, route, able, options } = see;
  const { caller } = ask;
  // The image stays in memory for longer than its request, and is on the account of bodies for as long.
  using _place = deps.inFlight.enter(image.byteLength);
  const reserved = await deps.admission.reserve({
    caller,
    model: route.model,
    whenAway: route.rules.whenRedisIsAway,
    nanoUsdEach: route.nanoUsdEach,
  });
  const spending = { nanoUsd: 0 };
  try {
    const signal = AbortSignal.timeout(deps.limits.requestTimeout);
    const receivedAt = deps.clock.elapsed();
    const look = { ask, route, able, options, image, number, keyFor, spending, receivedAt, signal };
    await lookAtImage({ ...look, missed: undefined }, deps);
  } catch (error) {
    spending.nanoUsd = 0;
    throw error;
  } finally {
    const { nanoUsd } = spending;
    reserved.end({ images: 0, nanoUsd });
    const { tenant, id: keyId } = caller;
    const nothing = { requests: 0, images: 0, cached: 0, failed: 0 };
    deps.usage.count({ tenant: tenant.id, keyId, model: route.model, ...nothing, nanoUsd });
  }
}
