import { choose } from "../../dispatch/choose.ts";
import type { OpenPolicy } from "../policy.ts";
import { type Glass, lookingThrough } from "./glass.ts";

/** Ours without one of its guards each, to see what that one buys. */
export const ablations: Readonly<Record<string, OpenPolicy>> = {
  "tradewind-no-hedge": () => ({ choose, hedges: false, wakes: true, asksReady: true }),
  "tradewind-no-wake": () => ({ choose, hedges: true, wakes: false, asksReady: true }),
  /** The cost is list price times latency, whatever is paid for anyway. */
  "tradewind-list-price": without({ listPrice: true }),
  /** Bad news is believed until better comes. */
  "tradewind-no-age-decay": without({ forgets: false }),
  /** A miss is sure where the middle is late, and impossible where it is not. */
  "tradewind-no-tail": without({ middleOnly: true }),
  /** Who is not measured, or doubted, gets as many at once as anybody. */
  "tradewind-no-single-flight": without({ crowdsUnmeasured: true }),
  /** What is awake is taken to have room for any number. */
  "tradewind-no-warm-room": without({ endlessRoom: true }),
  "tradewind-no-groups": without({ oneGroup: true }),
};

function without(glass: Glass): OpenPolicy {
  return (pool) => ({ choose: lookingThrough(pool, glass), hedges: true, wakes: true, asksReady: true });
}
