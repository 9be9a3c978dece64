import type { TargetFile, Targets } from "@tufjs/models";
import { isTopList } from "#edge/trust/list-names.ts";
import type { Refreshing } from "#edge/trust/refresh-lists.ts";

const mostRoles = 32;

type Visit = { readonly role: string; readonly delegator: string };

/** Looks a file up through all delegations, depth first in their order, loading and verifying each list on the way. */
export async function findTarget(
  { lists, loadRole }: Refreshing,
  path: string,
): Promise<TargetFile | undefined> {
  const seen = new Set<string>();
  let open: Visit[] = [{ role: "targets", delegator: "root" }];
  for (let next = open.shift(); next && seen.size <= mostRoles; next = open.shift()) {
    const { role, delegator } = next;
    if (seen.has(role) || (delegator !== "root" && isTopList(role))) continue;
    await loadRole(role, delegator);
    const list = lists.role(role)?.signed;
    if (!list) throw new Error(`the snapshot has no ${role}`);
    if (Object.hasOwn(list.targets, path)) return list.targets[path];
    seen.add(role);
    const { below, ends } = delegatedFor(list, path, role);
    open = [...below, ...(ends ? [] : open)];
  }
  return undefined;
}

/** Up to one that ends the search: what is not below that is nowhere. */
function delegatedFor(list: Targets, path: string, delegator: string): { below: Visit[]; ends: boolean } {
  const below: Visit[] = [];
  for (const { role, terminating } of list.delegations?.rolesForTarget(path) ?? []) {
    below.push({ role, delegator });
    if (terminating) return { below, ends: true };
  }
  return { below, ends: false };
}
