import type { DeploymentLifecycleHookStage, ServiceDeployment } from "@aws-sdk/client-ecs";

/**
 * Where a service deployment is, as far as somebody outside has to know:
 *
 *   rolling    tasks are replaced one by one, and there is no telling them apart
 *   starting   the new tasks come up beside what answers
 *   waiting    they stand, have none of the traffic, and wait for a word
 *   released   the word was given
 *   shifting   they get some of the traffic
 *   settling   they have all of it, and the others still stand
 *   returning  it is being taken back
 *   done, undone
 */
export type Phase =
  | "rolling"
  | "starting"
  | "waiting"
  | "released"
  | "shifting"
  | "settling"
  | "returning"
  | "done"
  | "undone";

/** Where the word is waited for: with a test listener it leads to the candidate by then. */
export function gateStage(hasTestListener: boolean): DeploymentLifecycleHookStage {
  return hasTestListener ? "POST_TEST_TRAFFIC_SHIFT" : "POST_SCALE_UP";
}

export function phaseOf(deployment: ServiceDeployment): Phase {
  const { status, deploymentConfiguration } = deployment;
  const ended = status === undefined ? undefined : phases[status];
  if (ended !== undefined) return ended;
  const strategy = deploymentConfiguration?.strategy ?? "ROLLING";
  return strategy === "ROLLING" ? "rolling" : phaseUnderWay(deployment);
}

/** Whether the new tasks stand beside what answers and are not yet what answers. */
export function isBeside(phase: Phase): boolean {
  return phase === "starting" || phase === "waiting" || phase === "released";
}

/** The hook at the gate that somebody may release. */
export function waitingHook({ lifecycleHookDetails = [], lifecycleStage, ...rest }: ServiceDeployment) {
  const { lifecycleHooks = [] } = rest.deploymentConfiguration ?? {};
  const gates = lifecycleHooks.filter(isGate).flatMap((hook) => hook.lifecycleStages ?? []);
  if (!gates.some((stage) => stage === lifecycleStage)) return undefined;
  return lifecycleHookDetails.find(
    ({ targetType, status }) => targetType === "PAUSE" && status === "AWAITING_ACTION",
  );
}

/** A pause before production that is ours, or might as well be: nobody else would release it in a gated rollout. */
export function isGate(hook: {
  readonly targetType?: string | undefined;
  readonly lifecycleStages?: readonly string[] | undefined;
}): boolean {
  const { targetType, lifecycleStages = [] } = hook;
  return targetType === "PAUSE" && lifecycleStages.some((stage) => gates.has(stage));
}

const gates: ReadonlySet<string> = new Set([gateStage(false), gateStage(true)]);

const phases: Readonly<Partial<Record<NonNullable<ServiceDeployment["status"]>, Phase>>> = {
  STOP_REQUESTED: "returning",
  ROLLBACK_REQUESTED: "returning",
  ROLLBACK_IN_PROGRESS: "returning",
  SUCCESSFUL: "done",
  STOPPED: "undone",
  ROLLBACK_SUCCESSFUL: "undone",
  ROLLBACK_FAILED: "undone",
};

/** In their order; RECONCILE_SERVICE comes before all of them, and PRE_PRODUCTION_TRAFFIC_SHIFT again before each step. */
const stages = [
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRE_PRODUCTION_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
];

function phaseUnderWay(deployment: ServiceDeployment): Phase {
  const { lifecycleStage = "RECONCILE_SERVICE", targetServiceRevision } = deployment;
  const place = stages.indexOf(lifecycleStage);
  if (place > stages.indexOf("PRODUCTION_TRAFFIC_SHIFT")) return "settling";
  const weight = targetServiceRevision?.requestedProductionTrafficWeight ?? 0;
  if (lifecycleStage === "PRODUCTION_TRAFFIC_SHIFT" || weight > 0) return "shifting";
  if (waitingHook(deployment) !== undefined) return "waiting";
  return isReleased(deployment, place) ? "released" : "starting";
}

function isReleased(
  { deploymentConfiguration, lifecycleHookDetails = [] }: ServiceDeployment,
  place: number,
) {
  const gate = deploymentConfiguration?.lifecycleHooks?.find(isGate)?.lifecycleStages?.[0];
  if (gate === undefined) return false;
  if (place > stages.indexOf(gate)) return true;
  const isOver = (status: string | undefined): boolean => status === "SUCCEEDED";
  return (
    place === stages.indexOf(gate) &&
    lifecycleHookDetails.some(({ targetType, status }) => targetType === "PAUSE" && isOver(status))
  );
}
