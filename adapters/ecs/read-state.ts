import type {
  Service,
  ServiceDeployment,
  ServiceDeploymentBrief,
  ServiceRevisionSummary,
  TaskDefinition,
} from "@aws-sdk/client-ecs";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import type { Ecs } from "./ask-ecs.ts";
import { isBeside, type Phase, phaseOf } from "./deployment-phase.ts";
import {
  type KnownRevisions,
  type Place,
  readDeployment,
  readService,
  readTaskDefinition,
  shortName,
} from "./read-service.ts";

/** A service and its revisions, by what they are to us. */
export type State = {
  readonly service: Service;
  /** The newest, under way or over; undefined for a service that never had one. */
  readonly deployment: ServiceDeployment | undefined;
  readonly phase: Phase;
  readonly stable: readonly Standing[];
  readonly candidate: Standing | undefined;
  /** It was to be the candidate, and is being taken back or was. */
  readonly undone: Standing | undefined;
  /** Not a person took it back, but ECS. */
  readonly isFailure: boolean;
  readonly previous: Standing | undefined;
  /** `family:7` of every deployment that ECS remembers, the newest first. */
  readonly deployed: readonly string[];
  /** Those of them that answered once. */
  readonly answered: readonly string[];
};

/** What runs, or could, of one task definition. */
export type Standing = {
  /** Of its task definition, such as `detect:7`. */
  readonly name: string;
  readonly definition: TaskDefinition;
  readonly requested: number | undefined;
  readonly running: number | undefined;
  readonly pending: number | undefined;
  /** Of the traffic of the service's own address, 0 to 1; undefined where ECS manages none. */
  readonly share: number | undefined;
};

export type Reader = { readonly ecs: Ecs; readonly place: Place; readonly revisions: KnownRevisions };

/** ECS lists no more on a page, in no order that it promises. */
const mostListed = 100;
/** Fewer than it may be asked about at once. */
const mostRemembered = 15;

export async function readState(reader: Reader, signal: AbortSignal): Promise<State> {
  const { ecs, place, revisions } = reader;
  const service = await readService(ecs, place, signal);
  const briefs = await readBriefs(reader, signal);
  const newest = newestOf(service, briefs);
  const deployment = newest === undefined ? undefined : await readDeployment(ecs, newest, signal);
  const arns = [
    deployment?.targetServiceRevision?.arn,
    ...(deployment?.sourceServiceRevisions ?? []).map(({ arn }) => arn),
    ...briefs.map(({ targetServiceRevisionArn }) => targetServiceRevisionArn),
  ].flatMap((arn) => arn ?? []);
  const definitions = arns.length === 0 ? new Map() : await revisions.taskDefinitions(arns, signal);
  const stand = standing(ecs, definitions, signal);
  const parts = await sort(service, deployment, stand);
  const earlier = briefs.filter(({ status }) => status === "SUCCESSFUL").map(targetOf);
  const sources = parts.phase === "done" ? [] : parts.sources;
  const previous = await firstActive([...sources, ...earlier], stand, parts.taken);
  const targets = [deployment?.targetServiceRevision ?? {}, ...briefs.map(targetOf)];
  const deployed = targets.flatMap((one) => nameIn(definitions, one) ?? []);
  const answered = earlier.flatMap((one) => nameIn(definitions, one) ?? []);
  return { service, deployment, ...parts, previous, deployed, answered };
}

async function readBriefs(
  { ecs, place }: Reader,
  signal: AbortSignal,
): Promise<readonly ServiceDeploymentBrief[]> {
  const asked = { cluster: place.cluster, service: place.service, maxResults: mostListed };
  const { serviceDeployments = [] } = await ecs.listServiceDeployments(asked, signal);
  const at = ({ createdAt }: ServiceDeploymentBrief): number => createdAt?.getTime() ?? 0;
  return serviceDeployments
    .filter(({ serviceDeploymentArn }) => serviceDeploymentArn !== undefined)
    .sort((a, b) => at(b) - at(a))
    .slice(0, mostRemembered);
}

/** The service knows of one that the list did not have yet, or not on its first page. */
function newestOf(
  { currentServiceDeployment: current }: Service,
  briefs: readonly ServiceDeploymentBrief[],
): string | undefined {
  const isListed = briefs.some(({ serviceDeploymentArn }) => serviceDeploymentArn === current);
  return current === undefined || isListed ? briefs[0]?.serviceDeploymentArn : current;
}

type Stand = (revision: ServiceRevisionSummary) => Promise<Standing | undefined>;

/** Each task definition is read once for each look, since it may be struck off meanwhile. */
function standing(ecs: Ecs, definitions: ReadonlyMap<string, string>, signal: AbortSignal): Stand {
  const read = new Map<string, Promise<TaskDefinition | undefined>>();
  return async ({ arn = "", requestedTaskCount, runningTaskCount, pendingTaskCount, ...weights }) => {
    const named = arn.includes(":task-definition/") ? arn : definitions.get(arn);
    if (named === undefined) return undefined;
    const reading = read.get(named) ?? readIfThere(ecs, named, signal);
    read.set(named, reading);
    const definition = await reading;
    if (definition === undefined) return undefined;
    const weight = weights.requestedProductionTrafficWeight;
    return {
      name: shortName(named),
      definition,
      requested: requestedTaskCount,
      running: runningTaskCount,
      pending: pendingTaskCount,
      share: weight === undefined ? undefined : weight / 100,
    };
  };
}

/** One that was deleted is nothing any more. */
async function readIfThere(
  ecs: Ecs,
  named: string,
  signal: AbortSignal,
): Promise<TaskDefinition | undefined> {
  try {
    return await readTaskDefinition(ecs, named, signal);
  } catch (error) {
    if (asTradewindError(error).code === "provider_missing") return undefined;
    throw error;
  }
}

type Parts = Pick<State, "phase" | "stable" | "candidate" | "undone" | "isFailure"> & {
  readonly sources: readonly ServiceRevisionSummary[];
  /** Names of those that have a part already. */
  readonly taken: ReadonlySet<string>;
};

async function sort(
  service: Service,
  deployment: ServiceDeployment | undefined,
  stand: Stand,
): Promise<Parts> {
  const phase = deployment === undefined ? "done" : phaseOf(deployment);
  const target = deployment?.targetServiceRevision;
  const sources = deployment?.sourceServiceRevisions ?? [];
  const answering = answeringOf(service, { phase, target, sources });
  const stable = (await Promise.all(answering.map(stand))).filter((one) => one !== undefined);
  if (stable.length === 0) throw unreadable(service);
  const beside = target === undefined || answering.includes(target) ? undefined : await stand(target);
  const isOther = beside !== undefined && !stable.some(({ name }) => name === beside.name);
  const candidate = isOther && isBeside(phase) ? beside : undefined;
  const undone = isOther && !isBeside(phase) && beside.definition.status === "ACTIVE" ? beside : undefined;
  const taken = new Set([...stable, candidate, undone].flatMap((one) => one?.name ?? []));
  return { phase, stable, candidate, undone, isFailure: isFailed(deployment), sources, taken };
}

type Sides = {
  readonly phase: Phase;
  readonly target: ServiceRevisionSummary | undefined;
  readonly sources: readonly ServiceRevisionSummary[];
};

function answeringOf(service: Service, { phase, target, sources }: Sides): readonly ServiceRevisionSummary[] {
  const isBack = phase === "returning" || phase === "undone";
  if ((isBeside(phase) || isBack) && sources.length > 0)
    return isBack ? sources.map(counted(service)) : sources;
  if (target !== undefined && !isBack) return [phase === "done" ? counted(service)(target) : target];
  return service.taskDefinition === undefined ? [] : [counted(service)({ arn: service.taskDefinition })];
}

/** What a deployment that is over says of its tasks is old; the service's own count is not. */
function counted({ desiredCount, runningCount, pendingCount }: Service) {
  return ({ arn }: ServiceRevisionSummary): ServiceRevisionSummary => ({
    arn,
    requestedTaskCount: desiredCount,
    runningTaskCount: runningCount,
    pendingTaskCount: pendingCount,
  });
}

function isFailed(deployment: ServiceDeployment | undefined): boolean {
  if (deployment === undefined) return false;
  const { deploymentCircuitBreaker, alarms, lifecycleHookDetails = [], status } = deployment;
  if (deploymentCircuitBreaker?.status === "TRIGGERED" || alarms?.status === "TRIGGERED") return true;
  if (status === "ROLLBACK_FAILED") return true;
  return lifecycleHookDetails.some((hook) => hook.status === "FAILED" || hook.status === "TIMED_OUT");
}

const mostTried = 5;

async function firstActive(
  candidates: readonly ServiceRevisionSummary[],
  stand: Stand,
  taken: ReadonlySet<string>,
): Promise<Standing | undefined> {
  const tried = new Set<string>();
  for (const one of candidates) {
    const found = await stand(one);
    if (found === undefined || taken.has(found.name) || tried.has(found.name)) continue;
    if (found.definition.status === "ACTIVE") return found;
    tried.add(found.name);
    if (tried.size === mostTried) return undefined;
  }
  return undefined;
}

function targetOf({ targetServiceRevisionArn }: ServiceDeploymentBrief): ServiceRevisionSummary {
  return targetServiceRevisionArn === undefined ? {} : { arn: targetServiceRevisionArn };
}

function nameIn(definitions: ReadonlyMap<string, string>, { arn = "" }: ServiceRevisionSummary) {
  const named = definitions.get(arn);
  return named === undefined ? undefined : shortName(named);
}

function unreadable({ serviceName = "" }: Service): TradewindError {
  return new TradewindError(
    "provider_answer_invalid",
    `ECS does not say which task definition service ${serviceName} runs`,
  );
}
