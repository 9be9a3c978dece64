import { dirname, join } from "node:path";
import type { Clock } from "#infra/runtime/clock.ts";
import { runSelfTest } from "./self-test/run-self-test.ts";
import type { StateStore } from "./store/device-state.ts";
import { modelOf } from "./store/model-state.ts";
import type { Shelf } from "./store/shelf.ts";
import type { TryModel } from "./sync/sync-parts.ts";

export type TryOptions = {
  readonly store: Pick<StateStore, "state">;
  readonly shelf: Shelf;
  readonly exactQuantized: boolean;
  readonly memoryMb: number;
  readonly clock: Clock;
};

const longestMs = 120_000;

/** A release in a process of its own, beside what runs now. */
export function tryOnThisMachine({ store, shelf, exactQuantized, memoryMb, clock }: TryOptions): TryModel {
  return async (item, { signal }) => {
    const { about, sha256 } = item;
    const { active } = modelOf(store.state, about.model);
    const path = shelf.modelPath(sha256);
    return await runSelfTest({
      candidate: { name: about.model, version: about.version, path },
      golden: join(dirname(path), "golden.json"),
      active: active
        ? { name: about.model, version: active.version, path: shelf.modelPath(active.sha256) }
        : undefined,
      exactQuantized,
      limits: {
        minAgreement: about.golden.minAgreement,
        memoryBytes: 1_000_000 * Math.min(memoryMb, mostOf(about.memoryMb)),
        timeMs: longestMs,
      },
      ...{ clock, signal },
    });
  };
}

/** What the publisher measured was another machine's, and a process that starts takes some more. */
function mostOf(signedMb: number): number {
  return 4 * signedMb + 128;
}
