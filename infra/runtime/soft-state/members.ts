import type { Clock } from "../clock.ts";
import type { AdmitOperation, SoftState } from "./soft-state.ts";

export type Membership = AsyncDisposable & {
  /** How many were there when the soft state last answered, this one included. */
  readonly count: () => number;
  /** Twice is fine. */
  readonly close: () => Promise<void>;
};

export type JoinOptions = {
  readonly softState: Pick<SoftState, "apply">;
  readonly clock: Clock;
  readonly group: string;
  /** Different for each member, and for each life of one. */
  readonly id: string;
  /** How many there will be: counted on until the soft state has answered for the first time. */
  readonly expected?: number;
  readonly beatMs?: number;
  /** A member that was silent for this long is counted no more. */
  readonly ttlMs?: number;
};

const key = "members";

/**
 * Joins a group whose members count each other, so that each can keep to its share of a bound when nobody keeps the sum.
 * While the soft state is away the last known count stands, since the others are probably still there.
 */
export function joinMembers(options: JoinOptions): Membership {
  const { softState, clock, group, id, expected = 1, beatMs = 1_000, ttlMs = 3_000 } = options;
  const leaving = new AbortController();
  const { signal } = leaving;
  const places = [{ key, member: id, most: Number.POSITIVE_INFINITY, ttlMs }];
  const beat: AdmitOperation = { kind: "admit", tag: group, rates: [], places, budgets: [], lookups: [] };
  let count = Math.max(1, expected);
  const beating = (async () => {
    while (!signal.aborted) {
      const answered = await softState.apply([beat]).catch(() => undefined);
      if (answered) count = Math.max(1, answered[0].taken[0] ?? 1);
      await clock.sleep(beatMs, { signal }).catch(() => undefined);
    }
  })();
  const leave = async (): Promise<void> => {
    leaving.abort();
    await beating;
    // Where nobody hears it, the place ends by itself.
    await softState.apply([{ kind: "leave", tag: group, key, member: id }]).catch(() => undefined);
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= leave();
    return closing;
  };
  return { count: () => count, close, [Symbol.asyncDispose]: close };
}
