import type { Standing } from "./standing.ts";

/** What one more request adds to the bill: what is paid for anyway costs nothing, however dear it is by the hour. */
export function marginalUsd(
  standing: Standing,
  { load, bytes, ms, now, mostLongerUsd = Number.POSITIVE_INFINITY }: CostAsk,
): number {
  const { terms } = standing;
  const fixed = terms.usdPerRequest + bytes * terms.egressUsdPerGb * 1e-9;
  if (terms.billing === "provisioned" || terms.usdPerSecond === 0) return fixed;
  // Requests that are there together share the seconds of their instance.
  if (terms.billing === "request")
    return fixed + (terms.usdPerSecond * ms) / 1000 / Math.min(load, terms.perInstance);
  return withInstance(standing, fixed, load, now, mostLongerUsd);
}

export type CostAsk = {
  readonly load: number;
  readonly bytes: number;
  readonly ms: number;
  readonly now: number;
  /**
   * The first request after a silence is not charged for more of an instance's longer life than this: it is the first of
   * many then, or nobody else would be as late.
   */
  readonly mostLongerUsd?: number;
};

/** Asked for each lane of each choice, so its arguments come without an object around them. */
function withInstance(
  standing: Standing,
  fixedUsd: number,
  load: number,
  now: number,
  mostLongerUsd: number,
): number {
  const { terms, warmth } = standing;
  const newUsd = (terms.usdPerSecond * wholeLifeMs(standing)) / 1000;
  if (!warmth.isAwake(now) && !warmth.isWaking(now)) return fixedUsd + newUsd;
  const longerUsd = (terms.usdPerSecond * warmth.lengthensMs(now)) / 1000;
  return fixedUsd + Math.min(longerUsd, mostLongerUsd) + (load > warmth.most(now) ? newUsd : 0);
}

/** What a new instance costs, if nobody else comes. */
export function newInstanceUsd(standing: Standing): number {
  const { billing, usdPerSecond, coldMs } = standing.terms;
  if (billing === "provisioned") return 0;
  if (billing === "request") return (usdPerSecond * coldMs) / 1000;
  return (usdPerSecond * wholeLifeMs(standing)) / 1000;
}

/** What it costs that an instance which stands stays for another idle time. */
export function longerLifeUsd({ terms }: Standing): number {
  const { billing, usdPerSecond, idleMs } = terms;
  if (billing === "provisioned") return 0;
  return (usdPerSecond * (billing === "request" ? askedMs : idleMs)) / 1000;
}

/** A question takes no longer. */
const askedMs = 50;

function wholeLifeMs({ terms, warmth }: Standing): number {
  return warmth.coldMs + terms.idleMs;
}
