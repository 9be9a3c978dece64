import { coreOf } from "#inference/image-api/core-of.ts";
import type { ResultCache } from "../cache/result-cache.ts";
import type { Flights } from "../cache/single-flight.ts";
import { type AskBackends, askBackends } from "./ask-backends.ts";
import type { Look, Missed } from "./look.ts";
import type { Seen } from "./seen.ts";

export type LookDeps = AskBackends["deps"] & {
  readonly cache: ResultCache;
  readonly flights: Flights<Seen>;
  /** How long to wait for the answer that another gateway is making. */
  readonly waitForOtherMs?: number;
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
    return { ...seen, ...madeForAnother };
  } catch (error) {
    // A caller who left before it began to fly would leave its claim to lapse, and others waiting for nobody.
    if (missed.claimed && !deps.flights.underWay(name)) deps.cache.giveUp(missed.key);
    throw error;
  }
}

/** Whoever it was made for paid, and asked. */
const madeForAnother = { outcome: "collapsed", timings: undefined, nanoUsd: 0, recorded: undefined } as const;

async function makeOrWait(look: Look, missed: Missed, deps: LookDeps, signal: AbortSignal): Promise<Seen> {
  const { cache, waitForOtherMs = 10_000 } = deps;
  const { key, claimed, shared, accept } = missed;
  if (shared && !claimed) {
    const answer = await cache.waitForOther(key, { signal, mostMs: waitForOtherMs, accept });
    if (answer) return { answer, ...madeForAnother, keyName: key.name };
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
  deps: LookDeps,
  signal: AbortSignal,
  outcome: "miss" | "bypass",
): Promise<Seen> {
  const { route, options, keyFor, spending } = look;
  // From here on somebody works for this caller: who leaves now leaves the bill to nobody else.
  spending.nanoUsd = route.nanoUsdEach;
  const found = await askBackends({ ...look, signal, deps });
  const { backend, model, timings, nanoUsd, recorded } = found;
  spending.nanoUsd = nanoUsd;
  const { name, version, precision } = model;
  const answer = { core: coreOf(found, options), model: name, version, precision, backend: backend.id };
  const { cache: rules } = route.rules;
  const key = rules ? keyFor(model) : undefined;
  const policy = rules && { ttlMs: rules.ttl, staleMs: rules.stale, jitter };
  const kept = key && policy ? deps.cache.save(key, answer, policy) : undefined;
  return { answer: kept ?? answer, outcome, timings, nanoUsd, keyName: key?.name, recorded };
}

/** A tenth earlier at most: what was stored together must not end together. */
const jitter = 0.1;
