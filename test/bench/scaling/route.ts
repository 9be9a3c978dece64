import type { Site } from "./site.ts";

/** Where it is in time for least; where it is nowhere, a place that starts one more, or wherever it is soonest. */
export function siteFor(sites: readonly Site[], now: number): Site | undefined {
  const waitOf = ({ expectedWaitMs }: Site): number => expectedWaitMs;
  const usdOf = (site: Site): number => site.marginalUsd(now);
  const stands = sites.filter(({ springs }) => !springs);
  const springs = sites.filter((site) => site.springs);
  return (
    stands.find(({ hasFree }) => hasFree) ??
    least(stands, ({ isInTime }) => isInTime, waitOf) ??
    least(springs, ({ hasFree }) => hasFree, usdOf) ??
    least(springs, ({ isInTime }) => isInTime, usdOf) ??
    least(
      springs,
      ({ hasRoom }) => hasRoom,
      ({ startUsd }) => startUsd,
    ) ??
    least(sites, ({ most }) => most > 0, waitOf)
  );
}

function least(
  sites: readonly Site[],
  isMeant: (site: Site) => boolean,
  of: (site: Site) => number,
): Site | undefined {
  let [best, lowest] = [undefined as Site | undefined, Number.POSITIVE_INFINITY];
  for (const site of sites) {
    if (!isMeant(site)) continue;
    const value = of(site);
    if (best === undefined || value < lowest) [best, lowest] = [site, value];
  }
  return best;
}
