import type { DetectOptions } from "#inference/contract.ts";
import type { CacheKey } from "../cache/cache-key.ts";
import type { CachedAnswer } from "../cache/cached-answer.ts";
import type { ResultCache } from "../cache/result-cache.ts";
import type { Flights } from "../cache/single-flight.ts";
import { type Candidate, type DispatchAnswer, dispatch } from "../dispatch/dispatch.ts";
import { inNanoUsd, type Route } from "../fleet/snapshot.ts";
import { coreOf } from "./core-of.ts";
import { downscaled } from "./downscaled.ts";
import type { ImageAsk } from "./image-ask.ts";
import type { PreparedImage } from "./prepare-image.ts";
import type { ImageOptions } from "./read-options.ts";
import type { Seen } from "./seen.ts";

export type LookDeps = {
  readonly cache: ResultCache;
  readonly flights: Flights<Seen>;
  /** How long to wait for the answer that another gateway is making. */
  readonly waitForOtherMs?: number;
};

export type Look = {
  readonly ask: Pick<ImageAsk, "trace">;
  readonly route: Route;
  readonly candidates: readonly Candidate[];
  readonly image: PreparedImage;
  readonly options: ImageOptions;
  /** Under which an answer of this model is kept; undefined where none may be. */
  readonly keyFor: (model: Candidate["model"]) => CacheKey | undefined;
  /** Under which the answer was looked for and not found; undefined where nobody asked. */
  readonly missed: Missed | undefined;
  readonly signal: AbortSignal;
};

export type Missed = {
  readonly key: CacheKey;
  /** This gateway is the one to make it. */
  readonly claimed: boolean;
  /** All gateways were asked, so that another may be making it. */
  readonly shared: boolean;
  /** Whether an answer that another made suits this caller. */
  readonly accept: (answer: CachedAnswer) => boolean;
};

/** Makes the answer that was not there, or waits for whoever is making it already. */
export async function lookAtImage(look: Look, deps: LookDeps): Promise<Seen> {
  const { missed, signal } = look;
  if (!missed) return await make(look, deps, signal, "bypass");
  let isFirst = false;
  const seen = await deps.flights.fly(`${missed.key.tag}/${missed.key.name}`, signal, (flight) => {
    isFirst = true;
    return makeOrWait(look, missed, deps, flight);
  });
  // Whoever flew along was answered by another's work, and pays nothing for it.
  return isFirst ? seen : { ...seen, outcome: "collapsed", timings: undefined, nanoUsd: 0 };
}

async function makeOrWait(look: Look, missed: Missed, deps: LookDeps, signal: AbortSignal): Promise<Seen> {
  const { cache, waitForOtherMs = 10_000 } = deps;
  const { key, claimed, shared, accept } = missed;
  if (shared && !claimed) {
    const answer = await cache.waitForOther(key, { signal, mostMs: waitForOtherMs, accept });
    if (answer) return { answer, outcome: "collapsed", timings: undefined, nanoUsd: 0 };
  }
  try {
    return await make(look, deps, signal, "miss");
  } finally {
    // Where another version answered, its own key was saved, and the claim of this one is still held.
    cache.giveUp(key);
  }
}

async function make(
  { ask, route, candidates, image, options, keyFor }: Look,
  { cache }: LookDeps,
  signal: AbortSignal,
  outcome: "miss" | "bypass",
): Promise<Seen> {
  const found = await dispatchPrepared({ ask, route, candidates, image, options: options.detect, signal });
  const { backend, model, timings } = found;
  const { name, version, precision } = model;
  const answer = { core: coreOf(found, options), model: name, version, precision, backend: backend.id };
  const { cache: rules } = route.rules;
  const key = rules ? keyFor(model) : undefined;
  const kept =
    key && rules ? cache.save(key, answer, { ttlMs: rules.ttl, staleMs: rules.stale, jitter }) : undefined;
  return { answer: kept ?? answer, outcome, timings, nanoUsd: inNanoUsd(backend.usdPerRequest) };
}

/** A tenth earlier at most: what was stored together must not end together. */
const jitter = 0.1;

type Dispatching = Pick<Look, "ask" | "route" | "candidates" | "image" | "signal"> & {
  readonly options: DetectOptions;
};

function dispatchPrepared({
  ask,
  route,
  candidates,
  image,
  options,
  signal,
}: Dispatching): Promise<DispatchAnswer> {
  const send = (pieces: readonly Uint8Array[]) =>
    dispatch({ model: route.model, candidates, image: pieces, options, trace: ask.trace, signal });
  const info = candidates[0]?.model;
  if (route.rules.prepare.downscale === "never" || !info) return send(image.pieces);
  return downscaled({ image, info, rules: route.rules.prepare, signal }, send);
}
