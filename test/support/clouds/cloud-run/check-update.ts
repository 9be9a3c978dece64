import type { Message } from "./contract.ts";
import { Refusal } from "./refusals.ts";
import type { ScalingMessage, ServiceState, Target, TemplateMessage } from "./service-state.ts";

export type Update = {
  readonly name: string;
  /** The service as it was sent. */
  readonly service: Message;
  /** Fields as masks write them. */
  readonly paths: readonly string[];
};

type Changed = {
  readonly fields: Partial<Pick<ServiceState, "template" | "traffic" | "scaling">>;
  /** Of the revision that comes of it. */
  readonly template: TemplateMessage | undefined;
};

/** What an update comes to, or the platform's "no" to it. */
export function checkUpdate(service: ServiceState, { service: sent, paths }: Update): Changed {
  const { etag } = sent;
  if (etag !== undefined && etag !== "" && etag !== service.etag) {
    const versions = `version '${etag}' was specified but current version is '${service.etag}'`;
    throw new Refusal(10, `Conflict for resource '${service.short}': ${versions}.`);
  }
  const template = paths.includes("template") ? (sent.template as TemplateMessage) : undefined;
  const isNew = template !== undefined && JSON.stringify(template) !== JSON.stringify(service.template);
  if (isNew) checkTemplate(service, template);
  const traffic = paths.includes("traffic") ? ((sent.traffic ?? []) as readonly Target[]) : undefined;
  if (traffic) checkTraffic(service, traffic, template?.revision);
  const scaling = scalingOf(service, sent, paths);
  return {
    fields: { ...(template && { template }), ...(traffic && { traffic }), ...(scaling && { scaling }) },
    template: isNew ? template : undefined,
  };
}

function checkTemplate(service: ServiceState, template: TemplateMessage): void {
  const { revision, containers = [] } = template;
  if (revision !== undefined) {
    if (!revision.startsWith(`${service.short}-`) || revision.length > 63)
      throw invalid(`template.revision: ${revision} must begin with the service's name and a hyphen`);
    if (service.revisions.has(revision))
      throw new Refusal(6, `Revision named '${revision}' with different configuration already exists.`);
  }
  if (containers.length === 0) throw invalid("template.containers: must not be empty");
  for (const { image } of containers) if (!image) throw invalid("template.containers[0].image: is required");
  checkGpu(template);
}

function checkGpu({ nodeSelector, containers }: TemplateMessage): void {
  const resources = containers.map((one) => one.resources).find((one) => one?.limits?.["nvidia.com/gpu"]);
  if (!resources) {
    if (nodeSelector?.accelerator) throw invalid("template.node_selector: no container asks for a GPU");
    return;
  }
  const { limits = {}, cpuIdle } = resources;
  if (!nodeSelector?.accelerator) throw invalid("template.node_selector.accelerator: is required for GPUs");
  if (Number(limits.cpu) < 4) throw invalid("limits.cpu: must be at least 4 for GPUs");
  if (Number.parseInt(limits.memory ?? "0", 10) < 16)
    throw invalid("limits.memory: must be at least 16Gi for GPUs");
  if (cpuIdle === true) throw invalid("resources.cpu_idle: must be false for GPUs");
}

function checkTraffic(service: ServiceState, traffic: readonly Target[], made: string | undefined): void {
  const percent = traffic.reduce((sum, target) => sum + (target.percent ?? 0), 0);
  if (traffic.length > 0 && percent !== 100) throw invalid(`traffic: percents add up to ${percent}, not 100`);
  const tags = traffic.flatMap(({ tag }) => tag ?? []);
  if (new Set(tags).size !== tags.length) throw invalid("traffic: a tag stands twice");
  for (const { type, revision } of traffic) {
    if (type !== "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION") continue;
    if (revision === undefined || (!service.revisions.has(revision) && revision !== made))
      throw invalid(`traffic: revision ${revision} does not exist`);
  }
}

function scalingOf(
  service: ServiceState,
  sent: Message,
  paths: readonly string[],
): ScalingMessage | undefined {
  if (!paths.some((path) => path.startsWith("scaling."))) return undefined;
  const given = (sent.scaling ?? {}) as ScalingMessage;
  const scaling = {
    ...service.scaling,
    ...(paths.includes("scaling.min_instance_count") && { minInstanceCount: given.minInstanceCount ?? 0 }),
    ...(paths.includes("scaling.max_instance_count") && { maxInstanceCount: given.maxInstanceCount ?? 0 }),
  };
  const { minInstanceCount: least = 0, maxInstanceCount: most = 0 } = scaling;
  if (most > 0 && least > most)
    throw invalid(`scaling: min_instance_count ${least} exceeds max_instance_count ${most}`);
  return scaling;
}

function invalid(message: string): Refusal {
  return new Refusal(3, message);
}
