import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { SoftOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";

/** Writes for which no request waits: they fail aside, and a store that is slow gets no queue to grow. */
export type SideWrites = {
  readonly send: (operations: readonly SoftOperation[]) => void;
  /** Resolves when those under way have ended, however. */
  readonly settled: () => Promise<void>;
};

export function createSideWrites(softState: SoftState, most: number): SideWrites {
  const underWay = new Set<Promise<void>>();
  const send = (operations: readonly SoftOperation[]): void => {
    if (underWay.size >= most) {
      tellSkipped(new Error(`${most} writes to the soft state are under way already`));
      return;
    }
    const write = softState.apply(operations).then(() => undefined, tellSkipped);
    underWay.add(write);
    void write.then(() => underWay.delete(write));
  };
  return { send, settled: async () => void (await Promise.all(underWay)) };
}

export function tellSkipped(error: unknown): void {
  sideConcernSkipped.publish({ what: "result cache", error });
}
