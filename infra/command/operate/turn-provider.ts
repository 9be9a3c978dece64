import type { ProviderControl, ProviderStatus, Revision } from "#adapters/control.ts";
import type { Wish } from "#gateway/operations/rollouts/rollout.ts";
import { readFreezes, refuseFrozen } from "#gateway/records/freezes.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { changeProvider } from "./change-provider.ts";
import { controlOf, type OpenedFleet, recordsOf } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import type { TurnAsk } from "./turn-ask.ts";

type ProviderTurn = Omit<TurnAsk, "what"> & { readonly verb: Wish; readonly provider: string };

/** On the platform itself, where no rollout is under way: the candidate answers, or what answered before does. */
export async function turnProvider(
  { verb, provider, ...ask }: ProviderTurn,
  { fleet, operator }: { readonly fleet: OpenedFleet; readonly operator: Operator },
): Promise<number> {
  const { signal } = operator;
  const control = await controlOf(fleet, provider);
  // What is taken back is taken back in a freeze too.
  if (verb === "promote")
    refuseFrozen(await readFreezes(recordsOf(fleet).database.query, { signal }), [provider]);
  const { name, told } = meant(verb, await control.status({ signal }), provider);
  const what = { revision: name };
  return await changeProvider(
    {
      ...{ ...ask, provider, told, data: { [verb]: name } },
      change: (changing) => doIt(verb, control, what, changing),
    },
    { fleet, operator, control },
  );
}

function doIt(
  verb: Wish,
  control: ProviderControl,
  ...asked: Parameters<ProviderControl["promote"]>
): Promise<void> {
  return verb === "promote" ? control.promote(...asked) : control.rollback(...asked);
}

type Meant = { readonly name: string; readonly told: string };

function meant(verb: Wish, { revisions }: ProviderStatus, provider: string): Meant {
  const inRole = (role: Revision["role"]): Revision | undefined => revisions.find((one) => one.role === role);
  const [candidate, stable, previous] = [inRole("candidate"), inRole("stable"), inRole("previous")];
  if (verb === "promote") {
    if (!candidate) throw new TradewindError("provider_missing", `${provider} has no candidate to promote`);
    return { name: candidate.name, told: `${provider}: ${candidate.name} is to answer` };
  }
  if (candidate)
    return { name: candidate.name, told: `${provider}: the candidate ${candidate.name} goes away` };
  if (stable && previous)
    return {
      name: stable.name,
      told: `${provider}: ${previous.name} is to answer again, not ${stable.name}`,
    };
  throw new TradewindError("provider_missing", `${provider} has nothing to go back to`);
}
