import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, ShareOfTraffic } from "../control.ts";
import { waitingHook } from "./deployment-phase.ts";
import type { Desk } from "./desk.ts";
import { readState, type State } from "./read-state.ts";

/** Gives the word for which the deployment waits; how the traffic then comes over was said when it was made. */
export async function promote(desk: Desk, revision: string, { hand, signal }: Changing): Promise<void> {
  const state = await readState(desk, signal);
  if (state.stable.some(({ name }) => name === revision)) return;
  const { candidate, deployment, phase } = state;
  if (candidate?.name !== revision) throw notThere(state, revision);
  if (phase === "released") return;
  const hookId = deployment && waitingHook(deployment)?.hookId;
  if (hookId === undefined)
    throw new TradewindError("provider_conflict", `${revision} does not stand yet (${phase})`, {
      hint: "promote it when its state is ready",
    });
  const request = {
    serviceDeploymentArn: deployment?.serviceDeploymentArn,
    hookId,
    action: "CONTINUE",
  } as const;
  const make = (): Promise<unknown> => desk.ecs.continueServiceDeployment(request, signal);
  await hand.change({ action: "ecs:ContinueServiceDeployment", request }, make, undefined);
}

/** Nothing to do where the share is that already; ECS takes another one only with a new deployment. */
export async function shift(
  desk: Desk,
  { revision, share }: ShareOfTraffic,
  signal: AbortSignal,
): Promise<void> {
  const state = await readState(desk, signal);
  const found = [...state.stable, state.candidate].find((one) => one?.name === revision);
  if (found === undefined) throw notThere(state, revision);
  const present = found.share ?? (found === state.candidate ? 0 : 1);
  if (Math.abs(present - share) < 0.000_5) return;
  throw new TradewindError(
    "provider_unsupported",
    `ECS gives ${revision} ${present * 100}% of the traffic now, and what comes next was said when it was deployed`,
    {
      hint: "set step and stepBake (strategy: canary or linear), or let the gateways' canary part the traffic",
    },
  );
}

function notThere({ undone, deployed, deployment }: State, revision: string): TradewindError {
  if (undone?.name === revision)
    return new TradewindError(
      "provider_conflict",
      `${revision} was taken back: ${deployment?.statusReason ?? "no reason is given"}`.slice(0, 500),
      { hint: "roll it back, and deploy it again when the reason is gone" },
    );
  return deployed.includes(revision)
    ? new TradewindError("provider_conflict", `${revision} was deployed once and does not stand now`)
    : new TradewindError("provider_missing", `there is no revision ${revision} to promote`);
}
