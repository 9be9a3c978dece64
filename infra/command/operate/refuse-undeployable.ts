import { capabilitiesOf } from "#adapters/registry.ts";
import { controlOf, type OpenedFleet, refuseUnknown } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { rehearse } from "./show-calls.ts";

/** Whoever cannot be given something new says better than anybody why, and who can do it instead. */
export async function refuseUndeployable(
  providers: readonly string[],
  {
    image,
    fleet,
    operator,
  }: { readonly image: string; readonly fleet: OpenedFleet; readonly operator: Operator },
): Promise<void> {
  for (const provider of providers) {
    refuseUnknown(fleet, provider);
    const settings = fleet.config.providers[provider];
    if (!settings || capabilitiesOf(settings).deploy) continue;
    const control = await controlOf(fleet, provider);
    const hand = rehearse().hand(provider);
    await control.deploy({ id: "never", image }, { hand, signal: operator.signal });
  }
}
