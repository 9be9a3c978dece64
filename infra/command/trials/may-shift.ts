import type { TrialReport } from "#gateway/trials/report-trials.ts";
import type { Shifted } from "#gateway/trials/shift-shares.ts";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Of whom nothing is known yet gets this much, so that something can be known. */
const firstShare = 0.01;

export type Wish = { readonly provider: string; readonly share: number };

/** Throws where a provider would get more than what was measured of it speaks for. */
export function refuseUnproven(
  { provider, share }: Wish,
  { from, models }: Pick<Shifted, "from" | "models">,
  trials: readonly TrialReport[],
): void {
  const had = from.kind === "canary" ? from.share : 0;
  if (share <= had) return;
  if (from.kind === "nowhere") {
    if (share > firstShare) throw refused(`nothing is known of "${provider}" yet: begin with 1%`);
    return;
  }
  const doubts = models.flatMap((model) => {
    const trial = trials.find((one) => one.model === model);
    const found = trial?.candidates.find((one) => one.provider === provider);
    if (!found) return `${model}: nothing is known of "${provider}" yet`;
    return found.verdict === "advance" ? [] : `${model}: ${found.verdict}, since ${found.why}`;
  });
  if (doubts.length > 0) throw refused(doubts.join("\n  "));
}

function refused(why: string): TradewindError {
  return new TradewindError("forbidden", why, { hint: "--force does it all the same" });
}
