import type { TrustedList } from "../trust/trusted-list.ts";
import type { SyncParts } from "./sync-parts.ts";

/** Whether lists have all that the plan names; what was published between the two is in newer lists. */
export function namesPlanned(
  { artefacts }: TrustedList,
  { memo, only }: Pick<SyncParts, "memo" | "only">,
): boolean {
  return (memo.plan?.models ?? []).every(({ model, release }) => {
    if (release === null || (only !== undefined && !only.includes(model))) return true;
    return artefacts.some(({ about }) => about.model === model && about.release === release);
  });
}
