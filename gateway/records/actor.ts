import { TradewindError } from "#infra/runtime/errors.ts";
import type { Caller } from "../caller.ts";
import { type KeyRights, usualRights } from "./api-key.ts";

/** Who changes records, as the audit names them, and how far they reach. */
export type Actor = {
  readonly id: string;
  /** When what they came with ends, if it does. */
  readonly expiresAt?: number;
  /** An operator has no bounds; anybody else stays within a tenant and within what they may do themselves. */
  readonly within?: {
    readonly tenant: string;
    readonly scopes: Caller["scopes"];
    readonly models: Caller["models"];
  };
};

/** Administrators of the tenant `default` are the operators. */
export function actorOf({ id, subject = id, tenant, scopes, models, expiresAt }: Caller): Actor {
  return {
    id: subject,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(tenant.id !== usualRights.tenant && { within: { tenant: tenant.id, scopes, models } }),
  };
}

export function reaches({ within }: Actor, tenant: string): boolean {
  return within === undefined || within.tenant === tenant;
}

/** Nobody gives what they do not have, nor for longer than they have it, be it by a new key or by another text for an old one. */
export function refuseBeyond(
  { within, expiresAt: end }: Actor,
  { tenant, scopes, models, expiresAt }: Pick<KeyRights, "tenant" | "scopes" | "models" | "expiresAt">,
): void {
  if (end !== undefined && (expiresAt === undefined || expiresAt > end)) {
    const latest = new Date(end).toISOString();
    throw refused(`no key outlives the one that makes it: name expires_at ${latest} at the latest`);
  }
  if (within === undefined) return;
  if (within.tenant !== tenant) throw refused(`this key manages the keys of tenant ${within.tenant} alone`);
  const scope = scopes.find((wanted) => !within.scopes.has(wanted));
  if (scope !== undefined) throw refused(`a key without the scope ${scope} cannot give it`);
  const own = within.models;
  if (own === "all") return;
  if (models === "all") throw refused("a key that may not use all models cannot give all of them");
  const model = models.find((wanted) => !own.has(wanted));
  if (model !== undefined) throw refused(`a key that may not use the model ${model} cannot give it`);
}

/** For what operators alone may do. */
export function refuseUnlessOperator({ within }: Actor, what: string): void {
  if (within) throw refused(`only an administrator of the tenant ${usualRights.tenant} may ${what}`);
}

function refused(message: string): TradewindError {
  return new TradewindError("forbidden", message);
}
