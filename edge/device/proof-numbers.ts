import type { StateStore } from "../store/device-state.ts";

/** The numbers of proofs: each larger than any before it, whatever was cut off in between. */
export type ProofNumbers = { readonly next: () => Promise<number> };

/**
 * So many are set aside with one write; a crash skips what is left of them, and none is ever used twice. Fewer than the
 * gateway remembers one by one, or a call that a restart overtook would look like one of a copy of this device.
 */
const block = 250;

export function createProofNumbers(store: Pick<StateStore, "state" | "change">): ProofNumbers {
  let last = store.state.identity.reservedNumbers;
  let reserved = last;
  let reserving: Promise<void> | undefined;
  const reserve = async (): Promise<void> => {
    const { identity } = await store.change((state) => ({
      ...state,
      identity: { ...state.identity, reservedNumbers: state.identity.reservedNumbers + block },
    }));
    reserved = identity.reservedNumbers;
    // Whoever else reserved between has the numbers below.
    last = Math.max(last, reserved - block);
  };
  return {
    next: async () => {
      while (last >= reserved) {
        reserving ??= reserve().finally(() => {
          reserving = undefined;
        });
        await reserving;
      }
      last += 1;
      return last;
    },
  };
}
