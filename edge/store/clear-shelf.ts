import type { StateStore } from "./device-state.ts";
import { heldBy } from "./model-state.ts";
import type { Shelf } from "./shelf.ts";

/**
 * Removes models that are neither active nor previous nor on trial. It asks the store, which shows only what lasts: with
 * hashes of a change that is still on its way, a power cut would leave a state that points at what is gone.
 */
export async function clearShelf(
  { shelf, store }: { readonly shelf: Shelf; readonly store: Pick<StateStore, "state"> },
  /** What is being fetched. */
  wanted: Iterable<string> = [],
): Promise<readonly string[]> {
  return await shelf.keepOnly(new Set([...heldBy(store.state), ...wanted]));
}
