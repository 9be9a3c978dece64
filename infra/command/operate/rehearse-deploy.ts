import { withCandidate } from "#gateway/operations/rollouts/candidate-in-config.ts";
import type { Rollout } from "#gateway/operations/rollouts/rollout.ts";
import { startRollout } from "#gateway/operations/rollouts/start-rollout.ts";
import { lineDiff } from "#gateway/records/line-diff.ts";
import type { DeployAsk } from "./deploy-ask.ts";
import { controlOf, type OpenedFleet, recordsOf } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { rehearsedRecords } from "./rehearse-records.ts";
import { callAsJson, callInWords, rehearse, type ToldCall } from "./show-calls.ts";

type Rehearsing = { readonly fleet: OpenedFleet; readonly operator: Operator };

/** Everything is checked as if it were meant, and what would be called first at each provider is said. */
export async function rehearseDeploy(ask: DeployAsk, { fleet, operator }: Rehearsing): Promise<number> {
  const { image, images, models, providers, note, isJson } = ask;
  const { actor, tell, signal } = operator;
  const wanted = { actor, image, images, models, providers, note };
  const records = rehearsedRecords(recordsOf(fleet).database);
  const rollout = await startRollout(records, wanted, operator, { signal });
  const calls = await callsOf(rollout, { fleet, operator });
  const changes = changesOf(rollout, fleet);
  if (isJson) tell(callAsJson({ providers: rollout.wanted.providers, calls, configuration: changes }, 2));
  else for (const line of inWords(rollout, calls, changes)) tell(line);
  return 0;
}

async function callsOf(
  { id, wanted }: Rollout,
  { fleet, operator }: Rehearsing,
): Promise<readonly ToldCall[]> {
  const { hand, calls } = rehearse();
  const { image, images, models, providers } = wanted;
  for (const provider of providers) {
    const control = await controlOf(fleet, provider);
    const deployment = { id, image: images[provider] ?? image, ...(models !== null && { models }) };
    await control.deploy(deployment, { hand: hand(provider), signal: operator.signal });
  }
  return calls;
}

type Change = { readonly provider: string; readonly share: number; readonly diff: string };

function changesOf({ wanted }: Rollout, { text, file }: OpenedFleet): readonly Change[] {
  const [share = 0] = wanted.shares;
  return wanted.providers.map((provider) => {
    const edited = withCandidate(text, { provider, share }, { file });
    const diff = lineDiff({ name: file, text }, { name: "the next version", text: edited.text });
    return { provider, share, diff };
  });
}

function inWords(
  { wanted }: Rollout,
  calls: readonly ToldCall[],
  changes: readonly Change[],
): readonly string[] {
  return [
    `would deploy to ${wanted.providers.join(", then ")}; nothing was changed. First, at each:`,
    ...calls.map(callInWords),
    ...changes.flatMap(({ provider, diff }) => [
      `when it stands, ${provider}'s candidate is published with its first share:`,
      diff.trimEnd(),
    ]),
  ];
}
