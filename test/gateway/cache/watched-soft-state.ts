import type { Clock } from "#infra/runtime/clock.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import type { SoftOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";

export type WatchedSoftState = {
  readonly softState: SoftState;
  readonly calls: (readonly SoftOperation[])[];
  /** What every call from now on waits for before it is done, or fails with. */
  readonly before: (step: () => Promise<void>) => void;
};

/** The soft state of one process as several gateways would share it, with each call seen and made to fail as a test likes. */
export function createWatchedSoftState(clock: Clock): WatchedSoftState {
  const inner = createSoftStateInProcess({ clock });
  const calls: (readonly SoftOperation[])[] = [];
  let step: (() => Promise<void>) | undefined;
  const apply: SoftState["apply"] = async (operations, options) => {
    calls.push(operations);
    await step?.();
    return await inner.apply(operations, options);
  };
  return {
    calls,
    before: (next) => {
      step = next;
    },
    softState: { ...inner, apply, [Symbol.asyncDispose]: inner.close },
  };
}
