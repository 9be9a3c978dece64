import { onTestFinished } from "vitest";
import type { CacheKey } from "#gateway/cache/cache-key.ts";
import { MemoryTier } from "#gateway/cache/memory-tier.ts";
import { createResultCache, type ResultCache } from "#gateway/cache/result-cache.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { createFakeClock, type FakeClock } from "#test/support/fake-clock.ts";
import { sampleKey } from "./sample-answer.ts";
import { createWatchedSoftState } from "./watched-soft-state.ts";

/** How long a gateway of the fleet holds a claim. */
export const claimMs = 1_000;

export type Gateway = { readonly cache: ResultCache; readonly soft: SoftState };

/** Gateways over one soft state and one clock. */
export function fleet({ luck = 0, count = 2 }: { readonly luck?: number; readonly count?: number } = {}) {
  const clock = createFakeClock();
  const soft = createWatchedSoftState(clock);
  const skipped: string[] = [];
  onTestFinished(sideConcernSkipped.subscribe(({ what }) => void skipped.push(what)));
  const next = (place: number) => gatewayOver(soft.softState, clock, place, luck);
  const others = Array.from({ length: count - 2 }, (_, place) => next(place + 2));
  const gateways: [Gateway, Gateway, Gateway] = [next(0), next(1), others[0] ?? next(2)];
  return { clock, soft, skipped, gateways };
}

export function gatewayOver(soft: SoftState, clock: FakeClock, place: number, luck = 0): Gateway {
  const chance = { number: () => luck, bytes: (count: number) => new Uint8Array(count).fill(place) };
  const memory = new MemoryTier({ clock });
  const bounds = { mostWrites: 4, mostRefreshes: 2 };
  return { soft, cache: createResultCache({ softState: soft, memory, clock, chance, claimMs, ...bounds }) };
}

/** What lies under a key, as bytes. */
export async function stored({ cache, soft }: Gateway, key: CacheKey): Promise<Uint8Array | undefined> {
  const [value] = await soft.apply([{ kind: "get", tag: key.tag, key: cache.lookup(key).key }]);
  return value;
}

/** Puts bytes under a key, as somebody might who is no gateway. */
export async function plant({ cache, soft }: Gateway, key: CacheKey, value: Uint8Array): Promise<void> {
  await soft.apply([{ kind: "set", tag: key.tag, key: cache.lookup(key).key, value, ttlMs: 60_000 }]);
}

/** What a request does: one admission with the lookup in it. */
export async function ask({ cache, soft }: Gateway) {
  const [{ found }] = await soft.apply([
    { kind: "admit", tag: sampleKey.tag, rates: [], budgets: [], lookups: [cache.lookup(sampleKey)] },
  ]);
  const [first = { value: undefined, claimed: false }] = found;
  return { answer: cache.heard(sampleKey, first), claimed: first.claimed };
}

/** Moves time on, a millisecond a turn, until the work is done. */
export async function pumped<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  let done = false;
  const end = (): void => {
    done = true;
  };
  work.then(end, end);
  await turns();
  for (let left = 10_000; !done && left > 0; left -= 1) {
    clock.advance(1);
    await turns();
  }
  return work;
}

/** Enough for every promise that waits for nothing but other promises. */
export async function turns(): Promise<void> {
  for (let left = 20; left > 0; left -= 1) await Promise.resolve();
}
