import { isIP, type LookupFunction } from "node:net";

export type Connecting = { readonly timeout: number; readonly lookup?: LookupFunction };

/**
 * How a pool connects: to one address whatever its name means, so that the `Host`, the name that TLS asks for and the name
 * in the certificate stay those of the service; or wherever the name leads.
 */
export function connectTo(address: string | undefined, timeout: number): Connecting {
  if (address === undefined) return { timeout };
  const family = isIP(address);
  const lookup: LookupFunction = (_name, { all }, found) => {
    if (all === true) found(null, [{ address, family }]);
    else found(null, address, family);
  };
  return { timeout, lookup };
}
