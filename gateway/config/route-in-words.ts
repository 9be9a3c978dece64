import type { RouteSettings } from "../config.ts";
import type { RouteTerms } from "../dispatch/terms.ts";
import { routeTerms } from "../fleet/route-terms.ts";

/** What a route will do, one line for all of its models that want the same. */
export function routeInWords(route: RouteSettings): readonly string[] {
  const byTerms = new Map<string, string[]>();
  for (const model of route.models) {
    const words = [...termsInWords(routeTerms(route, model)), ...placesInWords(route)].join("; ");
    byTerms.set(words, [...(byTerms.get(words) ?? []), model]);
  }
  return [...byTerms].map(([words, models]) => `${models.join(", ")}: ${words}`);
}

function termsInWords({ sloMs, money, hedge, retry }: RouteTerms): readonly string[] {
  const { usdPerMiss, usdPerSecond } = money;
  return [
    `within ${duration(sloMs)}, for which an image may cost up to ${dollars(usdPerMiss)} more, and ${dollars(usdPerSecond)} more for each second that it comes sooner`,
    hedge ? `up to ${percent(hedge.share)} sent twice` : "nothing sent twice",
    retry.attempts === 1 ? "nothing tried again" : `up to ${percent(retry.share)} tried again`,
  ];
}

function placesInWords({ failover, canary, agreement, shadow }: RouteSettings): readonly string[] {
  const groups = failover.map((group) =>
    group
      .map(({ provider, weight }) => (weight === 1 ? provider : `${provider} (weight ${weight})`))
      .join(" or "),
  );
  return [
    groups.join(", then "),
    ...(canary ? [`${percent(canary.share)} to the canary ${canary.provider}`] : []),
    ...(agreement ? [`${percent(agreement.share)} compared`] : []),
    ...(shadow
      ? [`copies of ${percent(shadow.share)} to ${shadow.provider} for up to ${dollars(shadow.usdPerHour)}/h`]
      : []),
  ];
}

function duration(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))}%`;
}

/** Without an exponent, which nobody reads as money. */
function dollars(usd: number): string {
  return `$${usd.toLocaleString("en-US", { maximumSignificantDigits: 6, useGrouping: false })}`;
}
