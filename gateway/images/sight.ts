import type { ModelInfo } from "#inference/contract.ts";
import { canonicalOptions } from "#inference/image-api/read-options.ts";
import type { Lookup } from "#infra/runtime/soft-state/soft-state.ts";
import { suits } from "../cache/cache-control.ts";
import { type CacheKey, cacheKey } from "../cache/cache-key.ts";
import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { Found } from "../cache/result-cache.ts";
import type { ImagesDeps } from "./images-deps.ts";
import type { PreparedImage } from "./prepare-image.ts";
import type { SeeImages, Seen, Spending } from "./seen.ts";

/** One image on its way to an answer. */
export type Sight = {
  readonly image: PreparedImage;
  /** Which of the request's images, from 0. */
  readonly number: number;
  /** Under which this model's answer is kept; undefined where nothing may be. */
  readonly keyFor: (model: ModelInfo) => CacheKey | undefined;
  /** The key of the model that would answer now. */
  readonly key: CacheKey | undefined;
  /** What lies in this gateway's memory. */
  readonly memory: CachedAnswer | undefined;
  /** The question to Redis, where memory has no answer. */
  readonly lookup: Lookup | undefined;
  readonly spending: Spending;
};

export function beginSight(image: PreparedImage, number: number, see: SeeImages, deps: ImagesDeps): Sight {
  const { control, able } = see;
  const { expected } = able;
  const keyFor = (model: ModelInfo): CacheKey | undefined => keyOf(image, model, see);
  const key = expected ? keyFor(expected) : undefined;
  const begun = { image, number, keyFor, key, spending: { nanoUsd: 0 } };
  if (!key || control.noCache) return { ...begun, memory: undefined, lookup: undefined };
  const peeked = deps.cache.peek(key);
  const memory = peeked && suits(peeked, control, deps.clock.now()) ? peeked : undefined;
  const lookup = memory ? undefined : lookupFor(key, see, deps);
  return { ...begun, memory, lookup };
}

/** What was kept earlier, if the caller takes it. */
export function recall(
  { key, memory }: Sight,
  found: Found | undefined,
  { control }: SeeImages,
  { cache, clock }: ImagesDeps,
): Seen | undefined {
  const answer = memory ?? (key && found ? cache.heard(key, found) : undefined);
  const state = answer && suits(answer, control, clock.now());
  if (!answer || !state) return undefined;
  return {
    answer,
    outcome: state === "fresh" ? "hit" : "stale",
    timings: undefined,
    nanoUsd: 0,
    keyName: key?.name,
    recorded: undefined,
  };
}

/** Where the age matters, what is found may not do, so that looking is paid for beforehand and given back if it does. */
export function isPaidBefore({ control }: Pick<SeeImages, "control">): boolean {
  const { maxAgeMs, maxStaleMs, minFreshMs } = control;
  return maxAgeMs !== undefined || maxStaleMs !== undefined || minFreshMs !== undefined;
}

function lookupFor(key: CacheKey, see: SeeImages, { cache }: ImagesDeps): Lookup {
  const lookup = cache.lookup(key);
  return isPaidBefore(see) ? { ...lookup, free: true } : lookup;
}

function keyOf({ digest }: PreparedImage, model: ModelInfo, see: SeeImages): CacheKey | undefined {
  const { ask, route, options, control } = see;
  const { cache, prepare } = route.rules;
  if (!cache || control.noStore) return undefined;
  const equivalent = cache.equivalent.includes(model.precision);
  return cacheKey({
    tenant: ask.caller.tenant.id,
    model: route.model,
    version: model.version,
    answerClass: equivalent ? [...cache.equivalent].sort().join("+") : model.precision,
    parameters: `${canonicalOptions(options)};${prepare.downscale}`,
    digest,
  });
}
