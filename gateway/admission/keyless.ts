import { isIP } from "node:net";
import { TradewindError } from "#infra/runtime/errors.ts";
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
  const names = new Set(["localhost", listener.host, ...listener.hosts].map((name) => name.toLowerCase()));
  const unbounded = unboundedTenant(listener.tenant);
  let caller: Caller | undefined;
  return (host) => {
    if (host !== undefined && !isKnown(host, names)) throw refused(otherName);
    const tenant = tenantOf(listener.tenant, deps) ?? unbounded;
    if (caller?.tenant !== tenant) caller = keylessCaller(tenant);
    return caller;
  };
}

const otherName =
  "this address needs no key, and only by the names that it knows: list this one under its hosts";

/**
 * A page can make its own name lead to an address of our network, and then its requests are to no other origin. No
 * browser leaves the header out, so what comes without it is no page.
 */
function isKnown(host: string, names: ReadonlySet<string>): boolean {
  const [, bracketed, plain = ""] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+?)\.?)(?::\d{1,5})?$/.exec(host) ?? [];
  return bracketed === undefined
    ? isIP(plain) === 4 || names.has(plain.toLowerCase())
    : isIP(bracketed) === 6;
}

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
