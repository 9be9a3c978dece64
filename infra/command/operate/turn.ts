import { providerInHand, type Rollout, type Wish } from "#gateway/operations/rollouts/rollout.ts";
import { readRollouts, wish } from "#gateway/records/rollouts.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { followToEnd } from "./follow-to-end.ts";
import { type OpenedFleet, openFleet, recordsOf, refuseUnknown } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { rehearsedRecords } from "./rehearse-records.ts";
import { rehearseTurn, type TurnRehearsal } from "./rehearse-turn.ts";
import { callAsJson, callInWords } from "./show-calls.ts";
import type { TurnAsk } from "./turn-ask.ts";
import { turnProvider } from "./turn-provider.ts";

/** Promotes or takes back: a rollout that is under way, or, where none is, what stands at a provider. */
export async function turn(verb: Wish, ask: TurnAsk, operator: Operator): Promise<number> {
  await using fleet = await openFleet(operator);
  const { database } = recordsOf(fleet);
  const active = await readRollouts(database.query, { isActive: true }, { signal: operator.signal });
  const rollout = rolloutMeant(verb, ask.what, active);
  if (rollout) return await turnRollout(verb, rollout, { ask, operator, fleet });
  const provider = ask.what ?? "";
  refuseNeither(fleet, provider);
  return await turnProvider({ ...ask, verb, provider }, { fleet, operator });
}

/** By its id, or by a provider that it is on its way to. */
function rolloutMeant(verb: Wish, what: string | undefined, active: readonly Rollout[]): Rollout | undefined {
  if (what !== undefined) {
    const named = active.find(({ id }) => id === what);
    return named ?? active.find(({ wanted }) => wanted.providers.includes(what));
  }
  const [only, ...others] = active;
  if (!only)
    throw new TradewindError(
      "record_unknown",
      `no rollout is under way, so name a provider to ${verb} there`,
    );
  if (others.length === 0) return only;
  const told = active.map((one) => `${one.id} at ${providerInHand(one)}`).join(", ");
  throw new TradewindError("parameter_invalid", `several rollouts are under way, name one of ${told}`);
}

function refuseNeither(fleet: OpenedFleet, what: string): void {
  if (/^r-[a-z0-9]{10}$/.test(what) && !Object.hasOwn(fleet.config.providers, what))
    throw new TradewindError("record_unknown", `no rollout ${what} is under way`);
  refuseUnknown(fleet, what);
}

type Turning = { readonly ask: TurnAsk; readonly operator: Operator; readonly fleet: OpenedFleet };

async function turnRollout(verb: Wish, rollout: Rollout, { ask, operator, fleet }: Turning): Promise<number> {
  const { id } = rollout;
  const provider = providerInHand(rollout);
  if (verb === "promote" && ask.what !== undefined && ask.what !== id && ask.what !== provider)
    throw new TradewindError("parameter_invalid", `rollout ${id} is at ${provider} now, not at ${ask.what}`);
  const { actor, signal, tell } = operator;
  const { database } = recordsOf(fleet);
  await wish(
    ask.isDry ? rehearsedRecords(database) : database,
    { id, wish: verb, actor, provider },
    { signal },
  );
  const told = { rollout: id, wish: verb, provider, dry_run: ask.isDry };
  if (ask.isDry) {
    const rehearsal = await rehearseTurn(verb, rollout, { fleet, operator });
    if (ask.isJson) tell(callAsJson({ ...told, ...rehearsal }, 2));
    else for (const line of inWords(verb, rollout, rehearsal)) tell(line);
    return 0;
  }
  const done = verb === "promote" ? `is promoted at ${provider}` : "goes back everywhere";
  tell(ask.isJson ? JSON.stringify(told) : `rollout ${id} ${done}`);
  if (ask.isDetached) return 0;
  const wished = verb === "promote" ? "done" : "rolled back";
  return await followToEnd(id, { fleet, operator, isJson: ask.isJson, wished });
}

function inWords(
  verb: Wish,
  { id }: Rollout,
  { calls, without, configuration }: TurnRehearsal,
): readonly string[] {
  const nothing = without.map((provider) => `${provider}: nothing was deployed there yet`);
  const changed = configuration === "" ? [] : ["the configuration would change:", configuration.trimEnd()];
  const wanted = `would ask for rollout ${id} to ${verb === "promote" ? "be promoted" : "go back"}, which calls:`;
  return [wanted, ...calls.map(callInWords), ...nothing, ...changed];
}
