import type { RegisterTaskDefinitionRequest, TaskDefinition } from "@aws-sdk/client-ecs";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Changing, Deployment } from "../control.ts";
import { deployLackOf } from "./billing.ts";
import { describe } from "./container.ts";
import type { Desk } from "./desk.ts";
import { planRollout } from "./plan-rollout.ts";
import { planTask } from "./plan-task.ts";
import { shortName } from "./read-service.ts";
import { readState, type State } from "./read-state.ts";
import { withoutValues } from "./without-values.ts";

/** A task definition with the new image, and a service deployment of it that waits for a word. */
export async function deploy(
  desk: Desk,
  wanted: Deployment,
  changing: Changing,
): Promise<{ readonly revision: string }> {
  refuse(desk, wanted);
  const state = await readState(desk, changing.signal);
  const made = await findMade(desk, state, wanted, changing.signal);
  if (made.revision !== undefined && state.deployed.includes(made.revision))
    return { revision: made.revision };
  refuseController(state);
  refuseBeside(state);
  const revision = made.revision ?? (await register(desk, { state, wanted, next: made.next }, changing));
  const request = planRollout(state.service, revision, desk.settings);
  const make = (): Promise<unknown> => desk.ecs.updateService(request, changing.signal);
  await changing.hand.change({ action: "ecs:UpdateService", request }, make, undefined);
  return { revision };
}

function refuse({ settings }: Desk, { id, image }: Deployment): void {
  const lack = deployLackOf(settings);
  if (lack !== undefined)
    throw new TradewindError("provider_unsupported", `service ${settings.service} ${lack}`, {
      hint: "set strategy to blue-green, canary or linear, and candidateUrl behind a load balancer, or roll it out where it is defined",
    });
  if (!/^[A-Za-z0-9-]{1,20}$/.test(id))
    throw new TradewindError("provider_refused", "a deployment's id is 1 to 20 letters, digits and dashes");
  if (!/^[\w./:-]{1,400}@sha256:[0-9a-f]{64}$/.test(image))
    throw new TradewindError("provider_refused", "an image is deployed by its digest, name@sha256:...");
}

type Made = {
  /** `family:7`, where the deployment registered it already. */
  readonly revision: string | undefined;
  /** What one that is registered now is going to be called. */
  readonly next: string;
};

const mostLookedAt = 10;

/** The newest definitions of the family are looked at, since whoever asked before may have died before the service knew. */
async function findMade(
  { ecs, settings }: Desk,
  state: State,
  wanted: Deployment,
  signal: AbortSignal,
): Promise<Made> {
  const family = state.stable[0]?.definition.family ?? "";
  const asked = { familyPrefix: family, status: "ACTIVE", sort: "DESC", maxResults: mostLookedAt } as const;
  const { taskDefinitionArns = [] } = await ecs.listTaskDefinitions(asked, signal);
  const next = nextOf(family, taskDefinitionArns[0], state.stable[0]?.definition);
  for (const arn of taskDefinitionArns.slice(0, mostLookedAt)) {
    const { taskDefinition } = await ecs.describeTaskDefinition({ taskDefinition: arn }, signal);
    if (taskDefinition === undefined) continue;
    const { id, image } = describe(taskDefinition, settings.container);
    if (id !== wanted.id) continue;
    if (image === wanted.image) return { revision: shortName(arn), next };
    throw new TradewindError("provider_conflict", `deployment ${id} was made already, of ${image}`, {
      hint: "give another image another id",
    });
  }
  return { revision: undefined, next };
}

function nextOf(family: string, newest: string | undefined, present: TaskDefinition | undefined): string {
  const known = Math.max(present?.revision ?? 0, Number(/:(\d{1,9})$/.exec(newest ?? "")?.[1] ?? 0));
  return `${family}:${known + 1}`;
}

/** Other controllers bring revisions in by means of their own. */
function refuseController({ service }: State): void {
  const { type = "ECS" } = service.deploymentController ?? {};
  if (type === "ECS") return;
  throw new TradewindError("provider_unsupported", `ECS leaves the deployments of this service to ${type}`, {
    hint: "roll it out there, or give the service the deployment controller ECS",
  });
}

/** One at a time: a second rollout would end the first without a word. */
function refuseBeside({ phase, deployment, candidate }: State): void {
  if (phase === "done" || phase === "undone") return;
  const what = candidate === undefined ? "" : ` of ${candidate.name}`;
  throw new TradewindError("provider_conflict", `a deployment${what} is under way at ECS (${phase})`, {
    hint: `promote it or roll it back first: ${deployment?.serviceDeploymentArn ?? ""}`,
  });
}

type Registering = { readonly state: State; readonly wanted: Deployment; readonly next: string };

async function register(
  { ecs, settings }: Desk,
  { state, wanted, next }: Registering,
  { hand, signal }: Changing,
): Promise<string> {
  const [present] = state.stable;
  const name = present?.name ?? "";
  const { taskDefinition, tags = [] } = await ecs.describeTaskDefinition(
    { taskDefinition: name, include: ["TAGS"] },
    signal,
  );
  const definition = taskDefinition ?? present?.definition ?? {};
  const request = planTask({ definition, tags }, wanted, settings);
  return await hand.change(
    { action: "ecs:RegisterTaskDefinition", request: withoutValues(request) },
    () => registered(ecs, request, signal),
    next,
  );
}

async function registered(
  ecs: Desk["ecs"],
  request: RegisterTaskDefinitionRequest,
  signal: AbortSignal,
): Promise<string> {
  const { taskDefinition } = await ecs.registerTaskDefinition(request, signal);
  if (taskDefinition?.taskDefinitionArn !== undefined) return shortName(taskDefinition.taskDefinitionArn);
  throw new TradewindError("provider_answer_invalid", "ECS registered a task definition and did not name it");
}
