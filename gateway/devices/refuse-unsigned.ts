import { TradewindError } from "#infra/runtime/errors.ts";
import type { Release } from "./rings/plan-device.ts";

/** What is in no signed list would be planned for nobody, and its rollout would wait for ever. */
export function refuseUnsigned(
  releases: readonly Release[],
  { model, release }: Pick<Release, "model" | "release">,
): void {
  const found = releases.find((one) => one.model === model && one.release === release);
  if (found && !found.revoked) return;
  const why = found ? "was revoked" : "is in no signed list";
  throw new TradewindError("version_unknown", `release ${release} of ${model} ${why}`, {
    hint: "`tradewind models list --store URL` has those that may run",
  });
}
