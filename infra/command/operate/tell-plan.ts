import type { Scaling } from "#adapters/control.ts";
import { observeFleet } from "#gateway/operations/observe.ts";
import type { Controls } from "#gateway/operations/open-controls.ts";
import { type FleetPlan, planNow } from "#gateway/operations/plan-now.ts";
import { showPlan, writePlan } from "#gateway/operations/show-plan.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { printable } from "../explain/table.ts";
import { openFleet } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import type { PlanAsk } from "./plan-ask.ts";
import { callAsJson, callInWords, rehearse, type ToldCall } from "./show-calls.ts";

type Trouble = { readonly provider: string; readonly code: string; readonly message: string };

/** Observes, forecasts and says what would be changed, with the calls that would do it. */
export async function tellPlan({ file, isJson }: PlanAsk, operator: Operator): Promise<number> {
  const { clock, signal, tell } = operator;
  await using fleet = await openFleet(operator, { file });
  const { config, records } = fleet;
  const controls = await fleet.controls(Object.keys(config.providers));
  const observed = await observeFleet(controls, { signal });
  const database = records?.database ?? nothingWritten;
  const plan = await planNow({ database, config, observed, now: clock.now() }, { signal });
  const { calls, refusals } = await rehearsePlan(plan, controls, signal);
  const unread = [...observed.values()].flatMap(({ provider, troubles: [first] }): readonly Trouble[] =>
    first ? [{ provider, code: first.code, message: first.message }] : [],
  );
  const troubles = [...unread, ...refusals];
  if (isJson) tell(callAsJson({ ...writePlan(plan), calls, troubles }, 2));
  else for (const line of inWords(plan, { calls, troubles, isBlind: !records })) tell(line);
  return 0;
}

/** Where only a file says what there is, nothing was ever counted. */
const nothingWritten: Database = {
  query: async () => [],
  transaction: (work) => work(async () => []),
  close: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

async function rehearsePlan({ groups }: FleetPlan, controls: Controls, signal: AbortSignal) {
  const { hand, calls } = rehearse();
  const refusals: Trouble[] = [];
  for (const { name, changes, count, least, most } of groups.flatMap(({ plan }) => plan.places)) {
    if (!changes) continue;
    const wanted: Scaling = {
      ...(count !== undefined && { count }),
      ...(least !== undefined && { least }),
      ...(most !== undefined && { most }),
    };
    await controls
      .of(name)
      ?.scale(wanted, { hand: hand(name), signal })
      .catch((thrown: unknown) => {
        const { code, message } = asTradewindError(thrown);
        refusals.push({ provider: name, code, message });
      });
  }
  return { calls, refusals };
}

type Told = {
  readonly calls: readonly ToldCall[];
  readonly troubles: readonly Trouble[];
  readonly isBlind: boolean;
};

function inWords(plan: FleetPlan, { calls, troubles, isBlind }: Told): readonly string[] {
  const heading =
    calls.length > 0 ? ["", "tradewind fleet --apply would call:"] : ["", "nothing would be changed"];
  const blind = "DATABASE_URL is not set, so nobody knows how much is asked for, or what is frozen";
  return [
    showPlan(plan),
    ...troubles.map(({ provider, message }) => printable(`${provider}: ${message}`)),
    ...(isBlind ? [blind] : []),
    ...heading,
    ...calls.map(callInWords),
  ];
}
