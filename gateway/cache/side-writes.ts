import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import type { SoftOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";

/** Writes for which no request waits: they fail aside, and a store that is slow gets no queue to grow. */
export type SideWrites = {
  readonly send: (operations: readonly SoftOperation[], options?: { readonly urgent?: boolean }) => void;
  /** Resolves when those under way have ended, however. */
  readonly settled: () => Promise<void>;
};

/** A few milliseconds' writes go together: each call costs as much as what it carries. */
const gatherMs = 4;
const mostTogether = 64;

/** What is urgent, since another gateway waits for it, takes along what is there. */
export function createSideWrites(softState: Pick<SoftState, "apply">, most: number): SideWrites {
  const underWay = new Set<Promise<void>>();
  let gathered: SoftOperation[] = [];
  let timer: NodeJS.Timeout | undefined;
  const goOut = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (gathered.length === 0) return;
    const write = softState.apply(gathered).then(() => undefined, tellSkipped);
    gathered = [];
    underWay.add(write);
    void write.then(() => underWay.delete(write));
  };
  const send: SideWrites["send"] = (operations, { urgent = false } = {}) => {
    if (underWay.size >= most) {
      tellSkipped(new Error(`${most} writes to the soft state are under way already`));
      return;
    }
    gathered.push(...operations);
    if (urgent || gathered.length >= mostTogether) goOut();
    else timer ??= setTimeout(goOut, gatherMs);
  };
  const settled = async (): Promise<void> => {
    goOut();
    await Promise.all(underWay);
  };
  return { send, settled };
}

export function tellSkipped(error: unknown): void {
  sideConcernSkipped.publish({ what: "result cache", error });
}
