import type { Changing, ProviderControl } from "#adapters/control.ts";
import { withoutCandidate } from "#gateway/operations/rollouts/candidate-in-config.ts";
import { providerInHand, type Rollout, type Wish } from "#gateway/operations/rollouts/rollout.ts";
import { lineDiff } from "#gateway/records/line-diff.ts";
import { controlOf, type OpenedFleet } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { rehearse, type ToldCall } from "./show-calls.ts";

export type TurnRehearsal = {
  readonly calls: readonly ToldCall[];
  /** Providers at which nothing was made yet that could be promoted or taken back. */
  readonly without: readonly string[];
  /** How the configuration would change, as a diff; empty where it would not. */
  readonly configuration: string;
};

/** What a wish for a rollout comes to, if it is done now. */
export async function rehearseTurn(
  verb: Wish,
  rollout: Rollout,
  { fleet, operator }: { readonly fleet: OpenedFleet; readonly operator: Operator },
): Promise<TurnRehearsal> {
  const { wanted, state } = rollout;
  const inHand = providerInHand(rollout);
  // Who has it already goes back too, the last one first.
  const providers = verb === "promote" ? [inHand] : wanted.providers.slice(0, state.place + 1).reverse();
  const { hand, calls } = rehearse();
  const without: string[] = [];
  for (const provider of providers) {
    const control = await controlOf(fleet, provider);
    const changing = { hand: hand(provider), signal: operator.signal };
    const revision = await revisionOf(rollout, provider, { control, changing });
    if (revision === undefined) without.push(provider);
    else await control[verb]({ revision }, changing);
  }
  const { text, file } = fleet;
  const edited = withoutCandidate(text, { provider: inHand }, { file });
  const after = { name: "the next version", text: edited.text };
  return { calls, without, configuration: lineDiff({ name: file, text }, after) };
}

type At = { readonly control: ProviderControl; readonly changing: Changing };

async function revisionOf(
  { id, state }: Rollout,
  provider: string,
  { control, changing }: At,
): Promise<string | undefined> {
  const known = state.revisions[provider];
  if (known !== undefined) return known;
  const { revisions } = await control.status(changing);
  return revisions.find((one) => one.id === id)?.name;
}
