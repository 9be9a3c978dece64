import type { Address } from "../kept-endpoints.ts";
import { hostUrl } from "./host-url.ts";

/** An address by the names that Azure gives; none where they are no names. */
export function addressOf(host: string | undefined, name: string | undefined): readonly Address[] {
  const url = hostUrl(host);
  return url !== undefined && name !== undefined && /^[\w.-]{1,63}$/.test(name) ? [{ url, name }] : [];
}
