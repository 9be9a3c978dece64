import type { InstancePrice } from "../control.ts";
import { declaredPrice } from "../declared-price.ts";
import { findPrice, usdPerSecondOf } from "../price-book.ts";
import { isUnpriced } from "../terms-settings.ts";
import { defaults } from "./billing.ts";
import type { Settings } from "./settings.ts";

/** The platform's API tells no prices: the configuration says it, or the price book by the GPU. */
export function priceOf(settings: Settings): InstancePrice {
  const declared = declaredPrice(settings, defaults);
  if (!isUnpriced(settings)) return declared;
  const name = bookNames[settings.gpu]?.[settings.zonalRedundancy ? "redundant" : "plain"];
  const price = name === undefined ? undefined : findPrice(name);
  const usd = price && usdPerSecondOf(price);
  return {
    usdPerHour: usd === undefined ? undefined : 3_600 * usd,
    billing: declared.billing,
    from: name ?? "nobody: the configuration gives no price",
  };
}

const bookNames: Readonly<
  Record<Settings["gpu"], { readonly plain: string; readonly redundant: string } | undefined>
> = {
  none: undefined,
  "nvidia-l4": { plain: "gcp/cloud-run/l4", redundant: "gcp/cloud-run/l4-redundant" },
  "nvidia-rtx-pro-6000": { plain: "gcp/cloud-run/rtx-pro-6000", redundant: "gcp/cloud-run/rtx-pro-6000" },
};
