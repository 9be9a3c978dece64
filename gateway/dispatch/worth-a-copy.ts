import type { Choice } from "./choose.ts";
import type { Money } from "./terms.ts";
import type { Try } from "./try.ts";

export type WorthAsk = {
  readonly money: Money;
  readonly now: number;
  readonly deadlineAt: number;
  /** How few copies are left to be sent: 0 when there are as many as can be, 1 when there are none. */
  readonly scarcity: number;
};

/** Whether a slow request is sent a second time, to the lane of this choice. */
export type IsWorthIt = (made: Try, copy: Choice, ask: WorthAsk) => boolean;

/** What the last copy must save at least, as a part of what a late answer costs. */
const reserved = 0.1;

/**
 * By its price: how much less likely a late answer becomes, and the wait that is saved. When few copies are left, only
 * those leave that save somebody from being late, since a backend that stops holds many requests at once. Who waits for
 * one that has gone silent may wait for nothing: that is what the last copies are for, at any price below a miss.
 */
export const isWorthACopy: IsWorthIt = (made, copy, { money, now, deadlineAt, scarcity }) => {
  const { lane, sentAt, predictedMs, waitMs, isSilent } = made;
  if (isSilent) return copy.costUsd < money.usdPerMiss;
  const { tail } = lane.latency;
  const ownMs = Math.max(0.1, predictedMs - waitMs);
  const takenMs = Math.max(0, now - sentAt - waitMs);
  const allowedMs = Math.max(0, deadlineAt - sentAt - waitMs);
  const isStill = tail.beyond(takenMs / ownMs);
  const late = isStill > 0 ? Math.min(1, tail.beyond(allowedMs / ownMs) / isStill) : 1;
  const saved = late * (1 - copy.missChance) * money.usdPerMiss;
  const coldMs = Math.max(0, sentAt + waitMs - now);
  // Who is late already is expected to take as long again as it has taken.
  const sooner = (Math.max(0, coldMs + takenMs - copy.predictedMs) * money.usdPerSecond) / 1000;
  return saved + sooner > copy.costUsd + reserved * scarcity ** 2 * money.usdPerMiss;
};
