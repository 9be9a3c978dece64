import { catalogue, isErrorCode } from "#infra/runtime/errors.ts";
import type { Trials } from "../agreement/trials.ts";
import type { TryMade } from "../ledger/decision.ts";
import type { Recorded } from "../ledger/record-pursuit.ts";

/** What a request on the path shows of the backends that it was sent to. */
export function countPath(
  trials: Pick<Trials, "count">,
  model: string,
  { tries, outcome }: Pick<Recorded, "tries" | "outcome">,
): void {
  const isAnswered = outcome.answeredBy !== undefined;
  for (const made of tries) {
    const { backend, ms, costUsd: usd } = made;
    if (isFault(made)) trials.count(model, backend, { ms, usd: 0, failed: true });
    // Who was given up for a faster one took so long at least; where the caller left, it says nothing.
    else if (made.state === "answered" || (made.state === "abandoned" && isAnswered))
      trials.count(model, backend, { ms, usd });
  }
}

/** A picture that is none fails everywhere, and a backend that is full has not failed. */
function isFault({ state, code }: TryMade): boolean {
  if (state !== "failed") return false;
  if (code === undefined || !isErrorCode(code)) return true;
  return catalogue[code].blame === "backend" && code !== "backend_full";
}
