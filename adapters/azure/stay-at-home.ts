import { TradewindError } from "#infra/runtime/errors.ts";
import type { ArmPolicy } from "./arm-policy.ts";

/** Whoever stands before it, Azure may go on under its own name. */
const itself = "https://management.azure.com";

/**
 * Where a list goes on and how a change ends is asked at an address that an answer names, and the SDKs would send their
 * token wherever that is: nothing leaves for another place than Azure Resource Manager, or a region of it.
 */
export function stayAtHome(home = itself): ArmPolicy {
  const homes = [home, itself].map((one) => new URL(one));
  const isHome = (asked: string): boolean => {
    if (!URL.canParse(asked)) return false;
    const { origin, protocol, hostname } = new URL(asked);
    const isRegion = (of: URL): boolean => protocol === "https:" && hostname.endsWith(`.${of.hostname}`);
    return homes.some((one) => origin === one.origin || isRegion(one));
  };
  return {
    name: "stayAtHome",
    sendRequest: async (request, next) => {
      if (isHome(request.url)) return await next(request);
      throw new TradewindError("provider_answer_invalid", "Azure names an address that is none of its own");
    },
  };
}
