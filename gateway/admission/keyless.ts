import { TradewindError } from "#infra/runtime/errors.ts";
import { knownHost } from "#infra/runtime/known-host.ts";
import { type Caller, keylessCaller, type Tenant, unboundedTenant } from "../caller.ts";
import type { Access } from "./access.ts";

/** An address that stands for a tenant. */
export type KeylessListener = {
  readonly tenant: string;
  readonly host: string;
  /** Other names by which it is reached. */
  readonly hosts: readonly string[];
};

export type KeylessDeps = {
  readonly access: Pick<Access, "tenant" | "describesTenants">;
  readonly records: "postgres" | "file";
};

/** Who comes in at such an address, by its name; what is missing is said as `forbidden`. */
export type KeylessDoor = (host: string | undefined) => Caller;

/** The tenant as it is on record now; a caller is made anew only when that changed. */
export function keylessDoor(listener: KeylessListener, deps: KeylessDeps): KeylessDoor {
  const isKnown = knownHost([listener.host, ...listener.hosts]);
  const unbounded = unboundedTenant(listener.tenant);
  let caller: Caller | undefined;
  return (host) => {
    if (!isKnown(host)) throw refused(otherName);
    const tenant = tenantOf(listener.tenant, deps) ?? unbounded;
    if (caller?.tenant !== tenant) caller = keylessCaller(tenant);
    return caller;
  };
}

const otherName =
  "this address needs no key, and only by the names that it knows: list this one under its hosts";

/** Undefined where nobody describes tenants, so that there is nothing that could bound this one. */
function tenantOf(id: string, { access, records }: KeylessDeps): Tenant | undefined {
  const found = access.tenant(id);
  if (found === "gone")
    throw refused(`the tenant ${id}, for which this address stands, was deleted or cannot be read`);
  if (found === undefined && (records === "postgres" || access.describesTenants()))
    throw refused(`the tenant ${id}, for which this address stands, is not on record`);
  return found;
}

function refused(message: string): TradewindError {
  return new TradewindError("forbidden", message);
}
