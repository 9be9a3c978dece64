import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Admitted } from "../admission/admission.ts";
import { suits } from "../cache/cache-control.ts";
import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { Found } from "../cache/result-cache.ts";
import type { ImagesDeps } from "./images-deps.ts";
import { lookAtImage } from "./look-at-image.ts";
import { refreshStale } from "./refresh-stale.ts";
import type { SeeImages, Seen, SeenOrFailed } from "./seen.ts";
import { beginSight, recall, type Sight } from "./sight.ts";

/** Lets the request in and sees each of its images: from memory, from Redis, or by a backend's eyes. */
export async function seeImages(
  see: SeeImages,
  deps: ImagesDeps,
): Promise<{ readonly admitted: Admitted; readonly seen: readonly SeenOrFailed[] }> {
  const sights = see.images.map((image) =>
    image instanceof TradewindError ? image : beginSight(image, see, deps),
  );
  const admitted = await admitSights(sights, see, deps);
  const finishing = finishSights(sights, admitted, see, deps);
  // What lies in memory is here already.
  const seen = finishing.every(isHere) ? finishing : await Promise.all(finishing);
  account(seen, admitted, see, deps);
  const [only] = seen;
  if (seen.length === 1 && only instanceof TradewindError && only !== sights[0]) throw only;
  return { admitted, seen };
}

type Begun = Sight | TradewindError;

function admitSights(
  begun: readonly Begun[],
  { ask, route }: SeeImages,
  deps: ImagesDeps,
): Promise<Admitted> {
  const sights = begun.filter((one): one is Sight => !(one instanceof TradewindError));
  const lookups = sights.flatMap(({ lookup }) => lookup ?? []);
  const remembered = sights.filter(({ memory }) => memory).length;
  const { caller } = ask;
  if (remembered === begun.length) {
    const free = deps.admission.admitFromMemory(caller, route.model);
    if (free) return Promise.resolve(free);
  }
  return deps.admission.admit({
    caller,
    model: route.model,
    whenAway: route.rules.whenRedisIsAway,
    images: begun.length,
    uncached: sights.length - lookups.length - remembered,
    nanoUsdEach: route.nanoUsdEach,
    lookups,
    lease: route.rules.lease,
  });
}

/** Each sight with what was found for it, in the order of the lookups. */
function finishSights(
  begun: readonly Begun[],
  { found, countedIn }: Admitted,
  see: SeeImages,
  deps: ImagesDeps,
): (SeenOrFailed | Promise<SeenOrFailed>)[] {
  let place = 0;
  return begun.map((sight) => {
    if (sight instanceof TradewindError) return sight;
    const heard = { found: sight.lookup ? found[place++] : undefined, shared: countedIn === "everywhere" };
    const recalled = recall(sight, heard.found, see, deps);
    if (recalled?.outcome === "stale") refreshStale(sight, see, deps);
    return recalled ?? lookFor(sight, heard, see, deps).catch(asTradewindError);
  });
}

function isHere(seen: SeenOrFailed | Promise<SeenOrFailed>): seen is SeenOrFailed {
  return !(seen instanceof Promise);
}

type Heard = { readonly found: Found | undefined; readonly shared: boolean };

async function lookFor(
  sight: Sight,
  { found, shared }: Heard,
  see: SeeImages,
  deps: ImagesDeps,
): Promise<Seen> {
  const { key, lookup } = sight;
  if (see.control.onlyIfCached) {
    if (key && found?.claimed) deps.cache.giveUp(key);
    throw new TradewindError("not_cached", "there is no stored answer, and the request wants no other");
  }
  const accept = (answer: CachedAnswer): boolean =>
    suits(answer, see.control, deps.clock.now()) !== undefined;
  const claimed = found?.claimed ?? false;
  // Where nothing was claimed because there is no other gateway, there is none to wait for.
  const missed =
    key && lookup ? { key, claimed, shared: shared && lookup.claim !== undefined, accept } : undefined;
  return await lookAtImage({ ...see, image: sight.image, keyFor: sight.keyFor, missed }, deps);
}

/** What was reserved and not used goes back; whose caller left may have been seen all the same, and is paid for. */
function account(
  seen: readonly SeenOrFailed[],
  admitted: Admitted,
  { ask, route }: SeeImages,
  { usage }: ImagesDeps,
): void {
  const failures = seen.filter((one): one is TradewindError => one instanceof TradewindError);
  const answered = seen.filter((one): one is Seen => !(one instanceof TradewindError));
  const nanoUsd = answered.reduce((sum, one) => sum + one.nanoUsd, 0);
  const left = failures.some(({ code }) => code === "caller_left");
  admitted.end(left ? undefined : { images: answered.length, nanoUsd });
  usage.count({
    tenant: ask.caller.tenant.id,
    keyId: ask.caller.id,
    model: route.model,
    images: answered.length,
    cached: answered.filter(({ timings }) => timings === undefined).length,
    failed: failures.length,
    nanoUsd,
  });
}
