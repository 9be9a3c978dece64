import type { SyncParts } from "./sync-parts.ts";

const dayMs = 86_400_000;

/** Once a day every byte of what may run is read again: a disk forgets, and then the blocks that are wrong come anew. */
export async function findDamaged(
  { store, shelf, memo, clock, log }: SyncParts,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  if (clock.elapsed() - memo.verifiedAtMs < dayMs) return;
  memo.verifiedAtMs = clock.elapsed();
  for (const [model, { active }] of Object.entries(store.state.models)) {
    if (!active || (await shelf.verify(active.sha256, { signal }))) continue;
    memo.damaged.add(active.sha256);
    log.error(
      { model, release: active.release },
      "a model's file is damaged on the disk; it is fetched again",
    );
  }
}
