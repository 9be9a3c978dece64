import { type EdgeRollout, ringInWords } from "#gateway/devices/rings/rollout.ts";
import { newRolloutId } from "#gateway/devices/rings/rollout-id.ts";
import { startEdgeRollout, turnEdgeRollout } from "#gateway/records/edge-rollouts.ts";
import { pinDevice, unpinDevice } from "#gateway/records/pins.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { printable } from "../explain/table.ts";
import { openFleetRecords } from "../operate/open-fleet.ts";
import type { Operator } from "../operate/operator.ts";
import type { RolloutAsk } from "./rollout-ask.ts";

/** Does what is asked in the records, which all gateways plan by. */
export async function rollOut(ask: RolloutAsk, operator: Operator): Promise<number> {
  await using records = await openFleetRecords(operator);
  const { database } = records;
  if (ask.verb === "pin" || ask.verb === "unpin") return await pinOrUnpin(ask, database, operator);
  const { actor, tell, signal } = operator;
  const made =
    ask.verb === "start"
      ? await start(ask, database, operator)
      : await turnEdgeRollout(database, { model: ask.model, turn: ask.verb, actor }, { signal });
  tell(printable(inWords(made)));
  return 0;
}

type Start = Extract<RolloutAsk, { verb: "start" }>;

async function start(ask: Start, database: Database, operator: Operator): Promise<EdgeRollout> {
  const { clock, chance, actor, signal } = operator;
  const { verb: _, ...wanted } = ask;
  const id = newRolloutId({ clock, chance });
  return await startEdgeRollout(database, { ...wanted, id, actor, now: clock.now() }, { signal });
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
