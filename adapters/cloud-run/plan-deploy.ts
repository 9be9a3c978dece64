import { createHash } from "node:crypto";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Deployment } from "../control.ts";
import { listOf } from "./read-service.ts";
import { answeringIn, type Container, deploymentVariable, modelsVariable } from "./read-status.ts";
import type { Template } from "./run-api.ts";
import { besideGpu, type Settings } from "./settings.ts";
import { withoutNothing } from "./without-nothing.ts";

type Variable = NonNullable<Container["env"]>[number];

export type Wanted = Pick<Deployment, "id" | "image"> & {
  readonly revision: string;
  /** All that the container is told of its models, if anything. */
  readonly models: string | undefined;
};

const mostLetters = 63;

/** The same for the same deployment, so that one that was asked for twice is made once. */
export function revisionNameFor({ service }: Pick<Settings, "service">, id: string): string {
  const name = `${service}-${id}`;
  if (name.length <= mostLetters && /^[a-z0-9-]*[a-z0-9]$/.test(id)) return name;
  return `${service}-${createHash("sha256").update(id).digest("hex").slice(0, 12)}`;
}

/** The template of the next revision: all that somebody else has set in it stays as it is. */
export function templateFor(
  template: Template,
  wanted: Wanted,
  settings: Pick<Settings, "gpu" | "cpu" | "memory" | "zonalRedundancy" | "perInstance">,
): Template {
  if (!/@sha256:[0-9a-f]{64}$/.test(wanted.image))
    throw new TradewindError("provider_refused", `${wanted.image} may be another image tomorrow`, {
      hint: "name it by its digest: registry/name@sha256:...",
    });
  const { gpu, zonalRedundancy, perInstance } = settings;
  const kept: Template = withoutNothing(template);
  return {
    ...kept,
    revision: wanted.revision,
    labels: { ...kept.labels, ...labelFor(wanted.id) },
    containers: containersFor(kept, wanted, settings),
    ...(perInstance !== undefined && { maxInstanceRequestConcurrency: perInstance }),
    ...(gpu !== "none" && {
      nodeSelector: { accelerator: gpu },
      gpuZonalRedundancyDisabled: !zonalRedundancy,
    }),
  };
}

function containersFor(
  { containers }: Template,
  wanted: Wanted,
  size: Pick<Settings, "gpu" | "cpu" | "memory">,
): Container[] {
  const all = listOf(containers);
  const answering = answeringIn({ containers: containers ?? [] });
  if (!answering)
    throw new TradewindError(
      "provider_refused",
      "the service has no container whose image could be changed",
      {
        hint: "deploy its first revision with the platform's own means",
      },
    );
  return all.map((one) => (one === answering ? containerFor(one, wanted, size) : one));
}

function containerFor(
  container: Container,
  { id, image, models }: Wanted,
  size: Pick<Settings, "gpu" | "cpu" | "memory">,
): Container {
  const { resources, startupProbe } = container;
  const limits = limitsFor(size);
  return {
    ...container,
    image,
    env: withVariables(listOf(container.env), { [modelsVariable]: models, [deploymentVariable]: id }),
    ...((limits !== undefined || resources) && {
      resources: {
        ...resources,
        limits: { ...resources?.limits, ...limits },
        // A GPU is given to nobody whose processor is taken away between requests.
        ...(size.gpu !== "none" && { cpuIdle: false }),
      },
    }),
    startupProbe: startupProbe?.httpGet ? startupProbe : readiness,
  };
}

/** An instance answers when its models are loaded, not when its port is open; the platform waits four minutes at most. */
const readiness = {
  httpGet: { path: "/v2/health/ready" },
  periodSeconds: 2,
  timeoutSeconds: 2,
  failureThreshold: 120,
};

function limitsFor({
  gpu,
  cpu,
  memory,
}: Pick<Settings, "gpu" | "cpu" | "memory">): Record<string, string> | undefined {
  const least = gpu === "none" ? undefined : besideGpu[gpu];
  const limits = {
    ...((cpu ?? least) && { cpu: String(cpu ?? least?.cpu) }),
    ...((memory ?? least) && { memory: memory ?? `${least?.gib}Gi` }),
    ...(least && { "nvidia.com/gpu": "1" }),
  };
  return Object.keys(limits).length > 0 ? limits : undefined;
}

/** One that is to have no value goes away, unless it comes out of a secret that somebody else has set. */
function withVariables(
  env: readonly Variable[],
  values: Readonly<Record<string, string | undefined>>,
): Variable[] {
  const isOther = ({ name, valueSource }: Variable): boolean =>
    typeof name !== "string" ||
    !Object.hasOwn(values, name) ||
    (values[name] === undefined && Boolean(valueSource));
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, value }],
  );
  return [...env.filter(isOther), ...given];
}

function labelFor(id: string): Record<string, string> {
  return /^[a-z0-9][a-z0-9-]{0,62}$/.test(id) ? { "tradewind-deployment": id } : {};
}
