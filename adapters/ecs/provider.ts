import type { Task } from "@aws-sdk/client-ecs";
import { TradewindError } from "#infra/runtime/errors.ts";
import { callSecrets } from "#infra/runtime/signed-call.ts";
import { holdSecret } from "../held-secret.ts";
import { type Address, keepEndpoints } from "../kept-endpoints.ts";
import { createOpenInferenceClient } from "../open-inference.ts";
import type { Provider } from "../provider.ts";
import { signCalls } from "../sign-calls.ts";
import type { Surroundings } from "../surroundings.ts";
import { termsFrom } from "../terms-settings.ts";
import { type Ecs, openEcs } from "./ask-ecs.ts";
import { defaults } from "./billing.ts";
import { isBeside, type Phase, phaseOf } from "./deployment-phase.ts";
import {
  apiOf,
  type KnownRevisions,
  knowRevisions,
  readDeployment,
  readService,
  readTaskDefinition,
} from "./read-service.ts";
import { readTasks } from "./read-tasks.ts";
import type { Settings } from "./settings.ts";
import { addressOf, checksHealth, isUsable } from "./task-address.ts";

/** The tasks of a service, each an endpoint; or its load balancer, which is one. */
export async function createProvider(settings: Settings, surroundings: Surroundings): Promise<Provider> {
  const { authorize, refresh } = await letIn(settings, surroundings);
  const ecs = await openEcs(apiOf(settings), surroundings);
  const look: Look = { ecs, settings, revisions: knowRevisions(ecs), health: new Map() };
  const kept = keepEndpoints({
    open: (url) => createOpenInferenceClient({ url, authorize }),
    now: surroundings.clock.elapsed,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    ecs.close();
    closing ??= kept.close();
    return closing;
  };
  const isFixed = settings.endpoints !== "tasks" && settings.revision === "stable" && !settings.sign;
  return {
    kind: "ecs",
    terms: termsFrom(settings, defaults),
    ...(isFixed ? {} : { rediscoverMs: settings.rediscover }),
    discover: async ({ signal }) => {
      await refresh();
      return kept.keep(await addresses(look, signal));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Look = {
  readonly ecs: Ecs;
  readonly settings: Settings;
  readonly revisions: KnownRevisions;
  /** Whether a task definition checks its containers' health; it never changes. */
  readonly health: Map<string, boolean>;
};

/** Tasks let in whoever has the secret, or anybody; a load balancer before them asks nobody. */
async function letIn({ sign }: Settings, surroundings: Surroundings) {
  if (sign === undefined) return { authorize: undefined, refresh: async () => {} };
  const secret = await holdSecret(sign.secret, surroundings, (text) => callSecrets(text, "what signs calls"));
  return { authorize: signCalls({ ...surroundings, secret: secret.now }), refresh: secret.refresh };
}

async function addresses(look: Look, signal: AbortSignal): Promise<readonly Address[]> {
  const { endpoints, revision } = look.settings;
  if (endpoints === "tasks") return await taskAddresses(look, signal);
  if (revision === "stable") return [{ url: endpoints.url }];
  const { candidateUrl } = endpoints;
  if (candidateUrl === undefined) return [];
  const { phase } = await readRollout(look, signal);
  return phase === "waiting" ? [{ url: candidateUrl }] : [];
}

async function taskAddresses(look: Look, signal: AbortSignal): Promise<readonly Address[]> {
  const { ecs, settings } = look;
  const rollout = await readRollout(look, signal);
  if (settings.revision === "candidate" && !isBeside(rollout.phase)) return [];
  const tasks = await readTasks(ecs, settings, { desiredStatus: "RUNNING", signal });
  const ours = tasks.filter((task) => isOurs(task, rollout, settings.revision));
  await learnHealth(look, ours, signal);
  const usable = ours.filter((task) => isUsable(task, (definition) => look.health.get(definition) ?? true));
  const found = usable.flatMap((task) => addressOf(task, settings) ?? []);
  if (usable.length > 0 && found.length === 0) throw noAddress(settings);
  return found;
}

type Rollout = { readonly phase: Phase; readonly target: string | undefined };

async function readRollout({ ecs, settings, revisions }: Look, signal: AbortSignal): Promise<Rollout> {
  const { currentServiceDeployment } = await readService(ecs, settings, signal);
  const deployment =
    currentServiceDeployment === undefined
      ? undefined
      : await readDeployment(ecs, currentServiceDeployment, signal);
  if (deployment === undefined) return { phase: "done", target: undefined };
  const { targetServiceRevision, sourceServiceRevisions = [] } = deployment;
  const phase = phaseOf(deployment);
  if (settled.has(phase)) return { phase, target: undefined };
  const arns = [targetServiceRevision, ...sourceServiceRevisions].flatMap((one) => one?.arn ?? []);
  const definitions = await revisions.taskDefinitions(arns, signal);
  const target = definitions.get(targetServiceRevision?.arn ?? "");
  // Without it nobody could keep a candidate's tasks from those that answer.
  if (target === undefined) throw unknownTarget(settings);
  const sources = sourceServiceRevisions.map(({ arn = "" }) => definitions.get(arn));
  // The first of a service, or the same once more, is beside nothing that could be told from it.
  const isAlone = sources.length === 0 || sources.includes(target);
  return isAlone ? { phase: "done", target: undefined } : { phase, target };
}

const settled: ReadonlySet<Phase> = new Set<Phase>(["done", "undone", "rolling"]);

function isOurs(
  { taskDefinitionArn }: Task,
  { phase, target }: Rollout,
  wanted: Settings["revision"],
): boolean {
  const isTarget = taskDefinitionArn === target;
  if (wanted === "candidate") return isTarget;
  if (isBeside(phase) || phase === "returning") return !isTarget;
  return phase === "settling" ? isTarget : true;
}

const mostDefinitions = 100;

async function learnHealth(
  { ecs, health }: Look,
  tasks: readonly Task[],
  signal: AbortSignal,
): Promise<void> {
  if (health.size > mostDefinitions) health.clear();
  const unsure = tasks.filter(
    ({ healthStatus }) => healthStatus !== "HEALTHY" && healthStatus !== "UNHEALTHY",
  );
  for (const arn of new Set(unsure.flatMap(({ taskDefinitionArn }) => taskDefinitionArn ?? [])))
    if (!health.has(arn)) health.set(arn, checksHealth(await readTaskDefinition(ecs, arn, signal)));
}

function unknownTarget({ service }: Settings): TradewindError {
  return new TradewindError(
    "provider_answer_invalid",
    `ECS does not say which task definition the deployment under way of service ${service} brings`,
  );
}

function noAddress({ service, container }: Settings): TradewindError {
  return new TradewindError(
    "provider_unsupported",
    `the tasks of service ${service} have no addresses of their own${container === undefined ? "" : ` at container ${container}`}`,
    { hint: "run them with networkMode awsvpc, or give a load balancer under endpoints" },
  );
}
