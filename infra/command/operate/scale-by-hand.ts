import type { Capabilities } from "#adapters/capabilities.ts";
import type { Scaling } from "#adapters/control.ts";
import { readFreezes, refuseFrozen } from "#gateway/records/freezes.ts";
import { writeChange } from "#gateway/records/scaling.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { changeProvider } from "./change-provider.ts";
import { controlOf, type OpenedFleet, openFleet, recordsOf } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import type { ScaleAsk } from "./scale-ask.ts";

/** Scales one provider now; the fleet process sees it as a change of its own and rests as long after it. */
export async function scaleByHand(ask: ScaleAsk, operator: Operator): Promise<number> {
  const { provider, wanted, file, isDry } = ask;
  const { signal, clock } = operator;
  await using fleet = await openFleet(operator, { file });
  // Only a rehearsal can do without a place to write down who did it.
  const records = isDry ? fleet.records : recordsOf(fleet);
  const control = await controlOf(fleet, provider);
  refuseOtherSize(control.capabilities, ask);
  if (records) refuseFrozen(await readFreezes(records.database.query, { signal }), [provider]);
  const code = await changeProvider(
    {
      ...{ ...ask, told: `${provider}: to ${inWords(wanted)}`, data: { scale: wanted } },
      change: async (changing) => {
        if (records && !isDry)
          await writeChange(records.database, { provider, wanted, at: clock.now() }, { signal });
        await control.scale(wanted, changing);
      },
    },
    { fleet, operator, control },
  );
  const note = laterChanges(fleet, provider);
  if (note !== undefined && !ask.isJson) operator.tell(note);
  return code;
}

function refuseOtherSize({ scale }: Capabilities, { provider, wanted }: ScaleAsk): void {
  if (scale !== "bounds" || wanted.count === undefined) return;
  throw new TradewindError(
    "provider_unsupported",
    `${provider} scales by itself: name between how many, such as ${wanted.count}..${Math.max(1, wanted.count)}`,
  );
}

function inWords({ count, least, most }: Scaling): string {
  return count === undefined ? `between ${least} and ${most}` : `${count}`;
}

/** Whoever scales by hand wants to know for how long it holds. */
function laterChanges({ config }: OpenedFleet, provider: string): string | undefined {
  const settings = config.providers[provider];
  const scale = settings && "scale" in settings ? settings.scale : undefined;
  if (!scale) return undefined;
  const minutes = Math.ceil(scale.coolDown / 60_000);
  return `tradewind fleet --apply takes nothing away here for ${minutes} min, and then may; tradewind freeze ${provider} holds it`;
}
