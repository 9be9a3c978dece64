import { type EdgeRollout, ringInWords } from "#gateway/devices/rings/rollout.ts";
import { newRolloutId } from "#gateway/devices/rings/rollout-id.ts";
import { startEdgeRollout, turnEdgeRollout } from "#gateway/records/edge-rollouts.ts";
import { forgetEdgeRollout } from "#gateway/records/forget-rollout.ts";
import { pinDevice, unpinDevice } from "#gateway/records/pins.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { printable } from "../explain/table.ts";
import { openFleetRecords } from "../operate/open-fleet.ts";
import type { Operator } from "../operate/operator.ts";
import { probationInWords } from "../operate/show-devices.ts";
import { refuseUnpublished } from "./refuse-unpublished.ts";
import type { RolloutAsk } from "./rollout-ask.ts";

/** Does what is asked in the records, which all gateways plan by. */
export async function rollOut(ask: RolloutAsk, operator: Operator): Promise<number> {
  await using records = await openFleetRecords(operator);
  const { database } = records;
  if (ask.verb === "pin" || ask.verb === "unpin") return await pinOrUnpin(ask, database, operator);
  if (ask.verb === "forget") return await forget(ask.model, database, operator);
  if (ask.verb === "start") return await start(ask, database, operator);
  const { actor, tell, signal } = operator;
  const { model, verb: turn } = ask;
  tell(printable(inWords(await turnEdgeRollout(database, { model, turn, actor }, { signal }))));
  return 0;
}

type Start = Extract<RolloutAsk, { verb: "start" }>;

async function start(ask: Start, database: Database, operator: Operator): Promise<number> {
  const { clock, chance, actor, tell, signal } = operator;
  await refuseUnpublished(ask, database.query, operator);
  const { verb: _, store: __, ...wanted } = ask;
  const id = newRolloutId({ clock, chance });
  const asked = { ...wanted, id, actor, now: clock.now() };
  tell(printable(inWords(await startEdgeRollout(database, asked, { signal }))));
  tell(`each ring waits until its devices have tried it: ${probationInWords}`);
  return 0;
}

async function forget(model: string, database: Database, operator: Operator): Promise<number> {
  const { actor, tell, signal } = operator;
  const { gone, paused } = await forgetEdgeRollout(database, { model, actor }, { signal });
  tell(printable(`rollout ${gone.id} of ${model} release ${gone.release} is forgotten`));
  if (paused) tell(printable(inWords(paused)));
  return 0;
}

type Pinning = Extract<RolloutAsk, { verb: "pin" | "unpin" }>;

async function pinOrUnpin(ask: Pinning, database: Database, operator: Operator): Promise<number> {
  const { actor, tell, signal } = operator;
  const { device, model } = ask;
  if (ask.verb === "pin") {
    await pinDevice(database, { device, model, release: ask.release, actor }, { signal });
    tell(`${device} stays at release ${ask.release} of ${model}`);
    return 0;
  }
  const wasPinned = await unpinDevice(database, { device, model, actor }, { signal });
  tell(
    wasPinned ? `${device} goes along with rollouts of ${model} again` : `${device} has no pin for ${model}`,
  );
  return wasPinned ? 0 : 1;
}

function inWords({ id, model, release, rings, state }: EdgeRollout): string {
  return `rollout ${id} of ${model} release ${release} over ${rings.map(ringInWords).join(", ")}: ${state}`;
}
