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
import type { Seen, Spending } from "./seen.ts";

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
  /** Told what looking costs as soon as somebody is asked. */
  readonly spending: Spending;
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
  const name = `${missed.key.tag}/${missed.key.name}`;
  let isFirst = false;
  try {
    const seen = await deps.flights.fly(name, signal, (flight) => {
      isFirst = true;
      return makeOrWait(look, missed, deps, flight);
    });
    if (isFirst) return seen;
    // Who flew first may have taken what another version answered; who pinned one may not.
    if (seen.keyName !== missed.key.name) return await make(look, deps, signal, "miss");
    return { ...seen, outcome: "collapsed", timings: undefined, nanoUsd: 0 };
  } catch (error) {
    // A caller who left before it began to fly would leave its claim to lapse, and others waiting for nobody.
    if (missed.claimed && !deps.flights.underWay(name)) deps.cache.giveUp(missed.key);
    throw error;
  }
}

async function makeOrWait(look: Look, missed: Missed, deps: LookDeps, signal: AbortSignal): Promise<Seen> {
  const { cache, waitForOtherMs = 10_000 } = deps;
  const { key, claimed, shared, accept } = missed;
  if (shared && !claimed) {
    const answer = await cache.waitForOther(key, { signal, mostMs: waitForOtherMs, accept });
    if (answer) return { answer, outcome: "collapsed", timings: undefined, nanoUsd: 0, keyName: key.name };
  }
  try {
    return await make(look, deps, signal, "miss");
  } finally {
    // Where another version answered, its own key was saved, and the claim of this one is still held.
    cache.giveUp(key);
  }
}

async function make(
  look: Look,
  { cache }: LookDeps,
  signal: AbortSignal,
  outcome: "miss" | "bypass",
): Promise<Seen> {
  const { route, options, keyFor, spending } = look;
  // From here on somebody works for this caller: who leaves now leaves the bill to nobody else.
  spending.nanoUsd = route.nanoUsdEach;
  const found = await dispatchPrepared({ ...look, options: options.detect, signal });
  const { backend, model, timings } = found;
  const nanoUsd = inNanoUsd(backend.usdPerRequest);
  spending.nanoUsd = nanoUsd;
  const { name, version, precision } = model;
  const answer = { core: coreOf(found, options), model: name, version, precision, backend: backend.id };
  const { cache: rules } = route.rules;
  const key = rules ? keyFor(model) : undefined;
  const policy = rules && { ttlMs: rules.ttl, staleMs: rules.stale, jitter };
  const kept = key && policy ? cache.save(key, answer, policy) : undefined;
  return { answer: kept ?? answer, outcome, timings, nanoUsd, keyName: key?.name };
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
  const { prepare: rules } = route.rules;
  const task = candidates[0]?.model.task;
  if (rules.downscale === "never" || !task) return send(image.pieces);
  // Whoever is tried later gets the same copy.
  const inputs = candidates.map(({ model }) => model.input);
  return downscaled({ image, inputs, task, rules, signal }, send);
}
