import type { Sight } from "./plan-rollout.ts";
import type { RolloutState } from "./rollout.ts";

/** Looks are seconds apart, and one at a platform that hangs takes half a minute. */
export const mostBetweenMs = 30_000;

/**
 * The same step with the time left out in which nobody could look, as when the database was away. From one look to the
 * next so much counts at most, and never nothing, so that looks that are always slow come to an end as well.
 */
export function withoutUnseenTime(
  state: RolloutState,
  { now, thawedAt = 0 }: Pick<Sight, "now" | "thawedAt">,
): RolloutState {
  const { since, seenAt = now } = state;
  const unseenMs = now - Math.max(seenAt, since, thawedAt) - mostBetweenMs;
  return unseenMs > 0 ? { ...state, since: Math.max(since, thawedAt) + unseenMs } : state;
}
