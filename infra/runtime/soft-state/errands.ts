import { sideConcernSkipped } from "../channels.ts";
import { asTradewindError, TradewindError } from "../errors.ts";
import type { SoftOperation, SoftState } from "./soft-state.ts";
import { isUnsent } from "./unsent.ts";

export type Errands = Pick<SoftState, "apply"> & {
  /** Does what nobody waits for, and tries again once the soft state answers: twice must be as good as once. */
  readonly run: (operations: readonly SoftOperation[]) => void;
};

type Errand = { readonly operations: readonly SoftOperation[]; readonly tries: number };

export type ErrandsOptions = {
  /** Errands that wait at once; beyond it the oldest is dropped. */
  readonly most?: number;
};

/**
 * A soft state that keeps what it could not do: an errand that met no answer waits in line, and goes out again behind the
 * next call that is answered. There is no timer, so there is nothing to close.
 */
export function createErrands(
  softState: Pick<SoftState, "apply">,
  { most = 4_096 }: ErrandsOptions = {},
): Errands {
  const waiting: Errand[] = [];
  let isGoing = false;
  const keep = (errand: Errand, error: TradewindError): void => {
    if (errand.tries < mostTries) waiting.push(errand);
    else tellDropped(error);
    if (waiting.length <= most) return;
    waiting.shift();
    tellDropped(new TradewindError("soft_state_unavailable", `more than ${most} errands are waiting`));
  };
  /** Answers whether there is hope for the next. */
  const attempt = async ({ operations, tries }: Errand): Promise<boolean> => {
    try {
      await softState.apply(operations);
      return true;
    } catch (thrown) {
      const error = asTradewindError(thrown);
      const isAway = error.code === "soft_state_unavailable";
      if (isAway) keep({ operations, tries: isUnsent(error) ? tries : tries + 1 }, error);
      else tellDropped(error);
      return !isAway;
    }
  };
  /** One round of those that wait now; after a failure the rest waits for the next answer. */
  const goOut = async (): Promise<void> => {
    isGoing = true;
    const round = waiting.splice(0);
    for (let isBack = true; isBack && round.length > 0; ) {
      const went = await Promise.all(round.splice(0, atOnce).map(attempt));
      isBack = went.every(Boolean);
    }
    waiting.unshift(...round);
    isGoing = false;
  };
  return {
    apply: async (operations, options) => {
      const answers = await softState.apply(operations, options);
      if (waiting.length > 0 && !isGoing) void goOut();
      return answers;
    },
    run: (operations) => {
      if (operations.length > 0) void attempt({ operations, tries: 0 });
    },
  };
}

/** What an answering soft state refuses again and again is not its absence. */
const mostTries = 4;

/** In one round trip, and well below what may be in hand. */
const atOnce = 64;

function tellDropped(error: TradewindError): void {
  sideConcernSkipped.publish({ what: "settling a request", error });
}
