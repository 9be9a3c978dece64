import type { RampUpRule, SiteConfigResource } from "@azure/arm-appservice";

/** Who is sent to a slot instead of to production, by percent. */
export function rulesOf({ experiments }: SiteConfigResource): readonly RampUpRule[] {
  return (experiments?.rampUpRules ?? []).filter(({ reroutePercentage = 0 }) => reroutePercentage > 0);
}

/** The rules by which a slot gets this share; undefined where it has it already. Other slots keep theirs. */
export function rulesFor(
  config: SiteConfigResource,
  { slot, host, share }: { readonly slot: string; readonly host: string; readonly share: number },
): readonly RampUpRule[] | undefined {
  const rules = rulesOf(config);
  const percent = Math.round(share * 10_000) / 100;
  const has = rules.find(({ name }) => name === slot)?.reroutePercentage ?? 0;
  if (has === percent) return undefined;
  const others = rules.filter(({ name }) => name !== slot);
  return percent === 0
    ? others
    : [...others, { name: slot, actionHostName: host, reroutePercentage: percent }];
}
