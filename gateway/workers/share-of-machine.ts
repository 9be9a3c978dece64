import type { Config } from "../config.ts";

/**
 * What the configuration bounds for the machine, as one of several workers has to keep it: all of them together take no
 * more memory and no more requests than one process would. The largest body still has room in each.
 */
export function shareOfMachine(config: Config, workers: number): Config {
  const { limits, cacheMemory } = config;
  const part = (whole: number): number => Math.ceil(whole / workers);
  return {
    ...config,
    cacheMemory: part(cacheMemory),
    limits: {
      ...limits,
      inFlight: part(limits.inFlight),
      bodiesInHand: Math.max(limits.body, part(limits.bodiesInHand)),
    },
  };
}
