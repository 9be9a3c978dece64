import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Errands } from "#infra/runtime/soft-state/errands.ts";
import type { Admission, AdmitOperation, SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { isUnsent } from "#infra/runtime/soft-state/unsent.ts";
import { nothingUsed, settling } from "./settling.ts";
import { shareOf } from "./share-of.ts";

/** Where a request was counted: with all gateways, in this one's share of the limits, or nowhere. */
export type CountedIn = "everywhere" | "here" | "nowhere";

export type WhenAway = "local" | "open" | "closed";

export type Counted = {
  readonly countedIn: CountedIn;
  /** What was really asked for, which is what has to be settled. */
  readonly operation: AdmitOperation;
  readonly admission: Admission;
  /** What all gateways may have counted too, without this one hearing of it: to be settled as well, if it was. */
  readonly unheard?: AdmitOperation;
};

export type CountingDeps = {
  readonly errands: Errands;
  readonly local: Pick<SoftState, "apply">;
  readonly shared: boolean;
  readonly gateways: () => number;
};

export async function countRequest(
  asked: AdmitOperation,
  whenAway: WhenAway,
  deps: CountingDeps,
): Promise<Counted> {
  const operation = deps.shared ? asked : shareOf(asked, deps.gateways());
  try {
    const [admission] = await deps.errands.apply([operation]);
    return { countedIn: "everywhere", operation, admission };
  } catch (error) {
    if (asTradewindError(error).code !== "soft_state_unavailable") throw error;
    const counting = countWithout(asked, whenAway, deps, error);
    return isUnsent(error) ? await counting : await withUnheard(operation, counting, deps);
  }
}

/** It may have been done, and would hold its place for nobody if this request is not let in. */
async function withUnheard(
  unheard: AdmitOperation,
  counting: Promise<Counted>,
  { errands }: CountingDeps,
): Promise<Counted> {
  let isIn = false;
  try {
    const counted = await counting;
    isIn = counted.admission.admitted;
    return isIn ? { ...counted, unheard } : counted;
  } finally {
    if (!isIn) errands.run(settling(unheard, nothingUsed));
  }
}

/** The shared state is away: the route says what that means. What it would have found is not found. */
async function countWithout(
  asked: AdmitOperation,
  whenAway: WhenAway,
  { local, gateways }: CountingDeps,
  cause: unknown,
): Promise<Counted> {
  if (whenAway === "closed") {
    const why = "limits cannot be counted at the moment, and this route does not answer without";
    throw new TradewindError("limits_unavailable", why, { cause, retryAfterMs: 1_000 });
  }
  const found = asked.lookups.map(() => ({ value: undefined, claimed: false }));
  if (whenAway === "open") {
    const admission = { admitted: true, rates: [], taken: [], spent: [], found };
    return { countedIn: "nowhere", operation: asked, admission };
  }
  const operation = shareOf(withoutLookups(asked), gateways());
  const [admission] = await local.apply([operation]);
  return { countedIn: "here", operation, admission: { ...admission, found } };
}

/** Nothing is found, so everything that was looked for costs its price. */
function withoutLookups(asked: AdmitOperation): AdmitOperation {
  const paid = asked.lookups.filter(({ free }) => !free).length;
  const budgets = asked.budgets.map((budget) => ({ ...budget, cost: budget.cost + paid * budget.costEach }));
  return { ...asked, budgets, lookups: [] };
}
