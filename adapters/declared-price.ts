import type { InstancePrice } from "./control.ts";
import { type KindDefaults, type TermsSettings, termsFrom } from "./terms-settings.ts";

/** What an instance costs as the configuration has it, for places that cannot be asked. */
export function declaredPrice(settings: TermsSettings, defaults: KindDefaults): InstancePrice {
  const { billing, usdPerSecond } = termsFrom(settings, defaults);
  const { price, usdPerHour } = settings;
  const given = (["usdPerHour", "usdPerSecond"] as const).find((key) => settings[key] !== undefined);
  const perRequest = settings.usdPerRequest === undefined ? undefined : "usdPerRequest";
  const isTold = given !== undefined || usdPerSecond > 0;
  return {
    // As it was written, and not as it comes back from seconds.
    usdPerHour: usdPerHour ?? (isTold ? usdPerSecond * 3_600 : undefined),
    billing,
    from: given ?? (isTold ? price : undefined) ?? perRequest ?? "nowhere",
  };
}
