import { startRollout } from "#gateway/operations/rollouts/start-rollout.ts";
import type { DeployAsk } from "./deploy-ask.ts";
import { followToEnd } from "./follow-to-end.ts";
import { openFleet, recordsOf } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { refuseUndeployable } from "./refuse-undeployable.ts";
import { rehearseDeploy } from "./rehearse-deploy.ts";

/** Starts a rollout and goes with it to its end, or says what would be done. */
export async function beginDeploy(ask: DeployAsk, operator: Operator): Promise<number> {
  await using fleet = await openFleet(operator);
  await refuseUndeployable(ask.providers ?? [], { image: ask.image, fleet, operator });
  if (ask.isDry) return await rehearseDeploy(ask, { fleet, operator });
  const { image, images, models, providers, note, isNow, isDetached, isJson } = ask;
  const { database } = recordsOf(fleet);
  const { actor, tell, signal } = operator;
  const wanted = { actor, image, images, models, providers, note };
  const rollout = await startRollout(database, wanted, operator, { signal });
  const { id } = rollout;
  tell(
    isJson
      ? JSON.stringify({ rollout: id, providers: rollout.wanted.providers })
      : `rollout ${id}: to ${rollout.wanted.providers.join(", then ")}`,
  );
  if (isDetached) return 0;
  return await followToEnd(id, { ...{ fleet, operator, isJson, isNow }, wished: "done" });
}
