import type { Changing, ProviderControl, ProviderStatus } from "#adapters/control.ts";
import { auditedHand } from "#gateway/operations/leaders-hand.ts";
import { printable } from "../explain/table.ts";
import { type OpenedFleet, recordsOf } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { callAsJson, callInWords, rehearse } from "./show-calls.ts";

export type ProviderChange = {
  readonly provider: string;
  /** What is done, in words and as data. */
  readonly told: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly change: (changing: Changing) => Promise<void>;
  readonly isDry: boolean;
  readonly isDetached: boolean;
  readonly isJson: boolean;
  readonly everyMs?: number;
};

export type ChangeDeps = {
  readonly fleet: OpenedFleet;
  readonly operator: Operator;
  readonly control: ProviderControl;
};

/** Changes one provider by hand, in the audit call by call, and waits until its platform has come to rest. */
export async function changeProvider(change: ProviderChange, deps: ChangeDeps): Promise<number> {
  const { provider, told, data, isDry, isDetached, isJson } = change;
  const { fleet, operator, control } = deps;
  const { tell, signal } = operator;
  const say = (text: string, more: Readonly<Record<string, unknown>>): void =>
    tell(isJson ? callAsJson({ provider, ...more }) : printable(text));
  if (isDry) {
    const { hand, calls } = rehearse();
    await change.change({ hand: hand(provider), signal });
    if (isJson) say("", { ...data, dry_run: true, calls });
    else for (const line of [`would do: ${told}`, ...calls.map(callInWords)]) tell(printable(line));
    return 0;
  }
  const { database } = recordsOf(fleet);
  const called = ({ action }: { readonly action: string }): void =>
    say(`${provider}: calls ${action}`, { action });
  const hand = auditedHand({ ...operator, database, provider, tell: called });
  say(told, data);
  await change.change({ hand, signal });
  if (isDetached) return 0;
  return (await untilSettled(control, { ...change, operator, say })) ? 0 : 1;
}

type Settling = Pick<ProviderChange, "provider" | "everyMs"> & {
  readonly operator: Operator;
  readonly say: (text: string, more: Readonly<Record<string, unknown>>) => void;
};

const patienceMs = 20 * 60_000;

/** A line whenever something moved. */
async function untilSettled(
  control: ProviderControl,
  { provider, operator, say, everyMs = 2_000 }: Settling,
): Promise<boolean> {
  const { clock, signal } = operator;
  const until = clock.elapsed() + patienceMs;
  for (let last = ""; ; ) {
    const status = await control.status({ signal });
    const text = standing(status);
    if (text !== last) say(`${provider}: ${text}`, { standing: text, settled: status.isSettled });
    last = text;
    if (status.isSettled) return true;
    if (clock.elapsed() > until) {
      say(`${provider}: does not come to rest`, { settled: false, late: true });
      return false;
    }
    await clock.sleep(everyMs, { signal });
  }
}

function standing({ desired, running, pending, bounds, troubles, isSettled }: ProviderStatus): string {
  const between = bounds ? `, between ${bounds.least} and ${bounds.most}` : "";
  const starting = pending > 0 ? `, ${pending} starting` : "";
  const trouble = troubles.at(-1);
  const why = !isSettled && trouble ? `, ${trouble.message}` : "";
  return `${running} of ${desired} run${starting}${between}${isSettled ? ", settled" : why}`;
}
