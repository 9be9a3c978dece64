import type { Container, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import { hostOfAddress } from "../host-of-address.ts";
import type { Address } from "../kept-endpoints.ts";
import type { Settings } from "./settings.ts";

type Door = Pick<Settings, "container" | "port">;

/** Whether a task can be given images; one whose definition checks no health is believed once it runs. */
export function isUsable(task: Task, checksHealth: (taskDefinition: string) => boolean): boolean {
  const { lastStatus, desiredStatus, healthStatus, taskDefinitionArn = "" } = task;
  if (lastStatus !== "RUNNING" || (desiredStatus ?? "RUNNING") !== "RUNNING") return false;
  return healthStatus === "HEALTHY" || (healthStatus !== "UNHEALTHY" && !checksHealth(taskDefinitionArn));
}

export function checksHealth({ containerDefinitions = [] }: TaskDefinition): boolean {
  return containerDefinitions.some(({ healthCheck }) => healthCheck !== undefined);
}

/** Where a task answers; undefined where it has no address of its own. */
export function addressOf(task: Task, { container, port }: Door): Address | undefined {
  const { containers = [], taskArn = "" } = task;
  const backend = container === undefined ? containers[0] : containers.find(({ name }) => name === container);
  const host = interfaceOf(backend) ?? attachedTo(task);
  return host === undefined ? undefined : { url: `http://${host}:${port}`, name: taskId(taskArn) };
}

/** The last part of its ARN; as the name of an endpoint it is letters, digits and little else. */
export function taskId(taskArn: string): string {
  return taskArn
    .slice(taskArn.lastIndexOf("/") + 1)
    .replace(/[^\w.-]/g, "_")
    .slice(0, 63);
}

function interfaceOf(container: Container | undefined): string | undefined {
  for (const { privateIpv4Address, ipv6Address } of container?.networkInterfaces ?? []) {
    const host = hostOfAddress(privateIpv4Address) ?? hostOfAddress(ipv6Address);
    if (host !== undefined) return host;
  }
  return undefined;
}

function attachedTo({ attachments = [] }: Task): string | undefined {
  const details = attachments
    .filter(({ type, status }) => type === "ElasticNetworkInterface" && status !== "DETACHED")
    .flatMap((attachment) => attachment.details ?? []);
  return hostOfAddress(details.find(({ name }) => name === "privateIPv4Address")?.value);
}
