import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing } from "../control.ts";
import { describe } from "./container.ts";
import { isBeside } from "./deployment-phase.ts";
import type { Desk } from "./desk.ts";
import { planReturn } from "./plan-rollout.ts";
import { readTaskDefinition } from "./read-service.ts";
import { readState, type Standing, type State } from "./read-state.ts";

/** Ends the deployment that brings it in, or brings back what was there before; then the revision is struck off. */
export async function rollback(desk: Desk, revision: string, changing: Changing): Promise<void> {
  const state = await readState(desk, changing.signal);
  if (isUnderWay(state, revision)) await stop(desk, state, changing);
  else if (state.stable.some(({ name }) => name === revision)) await goBack(desk, state, changing);
  else if (state.undone?.name !== revision) {
    // Done already, or never there, which the one who asks wants to know.
    await readTaskDefinition(desk.ecs, revision, changing.signal);
    return;
  }
  await strikeOff(desk, revision, changing);
}

function isUnderWay({ phase, candidate, stable }: State, revision: string): boolean {
  if (isBeside(phase)) return candidate?.name === revision;
  const isComing = phase === "shifting" || phase === "settling" || phase === "rolling";
  return isComing && stable.some(({ name }) => name === revision);
}

async function stop({ ecs }: Desk, { deployment }: State, { hand, signal }: Changing): Promise<void> {
  const request = { serviceDeploymentArn: deployment?.serviceDeploymentArn, stopType: "ROLLBACK" } as const;
  const make = (): Promise<unknown> => ecs.stopServiceDeployment(request, signal);
  await hand.change({ action: "ecs:StopServiceDeployment", request }, make, undefined);
}

async function goBack(desk: Desk, state: State, { hand, signal }: Changing): Promise<void> {
  const { service, candidate, undone, answered } = state;
  const hasAnswered = (one: Standing | undefined): boolean =>
    one !== undefined && answered.includes(one.name);
  // It is on its way already: whoever asked before did not hear the answer.
  if (hasAnswered(candidate)) return;
  if (candidate !== undefined) throw besideOther(candidate);
  const previous = hasAnswered(undone) ? undone : state.previous;
  if (previous === undefined)
    throw new TradewindError("provider_missing", "there is no earlier revision to go back to", {
      hint: "ECS remembers the deployments of 90 days; deploy the image that is wanted",
    });
  const request = planReturn(service, previous.name, desk.settings);
  const make = (): Promise<unknown> => desk.ecs.updateService(request, signal);
  await hand.change({ action: "ecs:UpdateService", request }, make, undefined);
}

/** What somebody else brings in is not ended without a word. */
function besideOther({ name }: Standing): TradewindError {
  return new TradewindError("provider_conflict", `${name} is being brought in by another deployment`, {
    hint: "promote it or roll it back first",
  });
}

/**
 * So that nobody starts it again by mistake, and a later look does not take it for something to go back to. What still runs
 * of it goes on until it is stopped, and what others registered is left alone.
 */
async function strikeOff(desk: Desk, revision: string, { hand, signal }: Changing): Promise<void> {
  const definition = await readTaskDefinition(desk.ecs, revision, signal);
  if (definition.status !== "ACTIVE" || describe(definition, desk.settings.container).id === undefined)
    return;
  const request = { taskDefinition: revision };
  const make = (): Promise<unknown> => desk.ecs.deregisterTaskDefinition(request, signal);
  await hand.change({ action: "ecs:DeregisterTaskDefinition", request }, make, undefined);
}
