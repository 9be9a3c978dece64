import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Admitted } from "../admission/admission.ts";
import { suits } from "../cache/cache-control.ts";
import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { Found } from "../cache/result-cache.ts";
import type { ImagesDeps } from "./images-deps.ts";
import { lookAtImage } from "./look-at-image.ts";
import { refreshStale } from "./refresh-stale.ts";
import type { SeeImages, Seen, SeenOrFailed } from "./seen.ts";
import { beginSight, isPaidBefore, recall, type Sight } from "./sight.ts";

/** Lets the request in and sees each of its images: from memory, from Redis, or by a backend's eyes. */
export async function seeImages(
  see: SeeImages,
  deps: ImagesDeps,
): Promise<{ readonly admitted: Admitted; readonly seen: readonly SeenOrFailed[] }> {
  const sights = see.images.map((image, number) =>
    image instanceof TradewindError ? image : beginSight(image, number, see, deps),
  );
  const admitted = await admitSights(sights, see, deps);
  const finishing = finishSights(sights, admitted, see, deps);
  // What lies in memory is here already.
  const seen = finishing.every(isHere) ? finishing : await Promise.all(finishing);
  account(seen, { sights, admitted }, see, deps);
  const failed = failureOf(seen, sights, see);
  if (failed) throw failed;
  return { admitted, seen };
}

type Begun = Sight | TradewindError;

/** The only image that fails fails its request, and so does any that is late where late is nothing. */
function failureOf(
  seen: readonly SeenOrFailed[],
  sights: readonly Begun[],
  { options }: SeeImages,
): TradewindError | undefined {
  // Nobody is there to read a list, and a request that nobody waits for was not answered.
  const left = seen.find((one) => one instanceof TradewindError && one.code === "caller_left");
  if (left instanceof TradewindError) return left;
  const [only] = seen;
  if (seen.length === 1 && only instanceof TradewindError && only !== sights[0]) return only;
  const late = (one: SeenOrFailed) => one instanceof TradewindError && one.code === "deadline_exceeded";
  return options.strict ? (seen.find(late) as TradewindError | undefined) : undefined;
}

function admitSights(begun: readonly Begun[], see: SeeImages, deps: ImagesDeps): Promise<Admitted> {
  const { ask, route, control } = see;
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
    uncached: sights.length - remembered - (isPaidBefore(see) ? 0 : lookups.length),
    nanoUsdEach: route.nanoUsdEach,
    lookups,
    // What is not kept will not be answered from memory.
    lease: route.rules.cache && !control.noStore ? route.rules.lease : 0,
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
  const { image, number, keyFor, spending } = sight;
  return await lookAtImage({ ...see, image, number, keyFor, missed, spending }, deps);
}

type Accounting = { readonly sights: readonly Begun[]; readonly admitted: Admitted };

/** What was reserved and not used goes back; work that its caller did not wait for was done all the same. */
function account(
  seen: readonly SeenOrFailed[],
  { sights, admitted }: Accounting,
  { ask, route }: SeeImages,
  { usage }: ImagesDeps,
): void {
  let [images, cached, nanoUsd] = [0, 0, 0];
  for (const [place, one] of seen.entries()) {
    const sight = sights[place];
    const spent = sight && !(sight instanceof TradewindError) ? sight.spending.nanoUsd : 0;
    if (!(one instanceof TradewindError)) {
      images += 1;
      nanoUsd += spent;
      if (one.outcome === "hit" || one.outcome === "stale") cached += 1;
    } else if (one.code === "caller_left" || one.code === "deadline_exceeded") nanoUsd += spent;
  }
  admitted.end({ images, nanoUsd });
  const { tenant, id: keyId } = ask.caller;
  const counted = { images, cached, failed: seen.length - images, nanoUsd };
  usage.count({ tenant: tenant.id, keyId, model: route.model, ...counted });
}
