import { asTradewindError, type ErrorCode } from "#infra/runtime/errors.ts";
import { findPrice } from "../price-book.ts";
import { retryCalmly } from "../retry-calmly.ts";
import type { Surroundings } from "../surroundings.ts";
import type { FoundService, Survey } from "../survey.ts";
import { type Ask, openAsk } from "./ask-run.ts";
import { readService, shortName, textOf } from "./read-service.ts";
import { answeringIn } from "./read-status.ts";
import { regions } from "./regions.ts";
import type { Service, Template } from "./run-api.ts";

const kind = "cloud-run";
const mostPages = 20;
const pageSize = 100;

/** The services of some projects that could be backends. The platform lists them by region, so every one is asked. */
export const survey: Survey = async ({ projects, api, signal }, surroundings) => {
  const found: FoundService[] = [];
  for (const project of projects) {
    const place = { project, transport: "grpc", api: api[kind] } as const;
    const { ask, close } = openAsk(place, `the services of project ${project}`);
    try {
      found.push(...(await surveyProject({ ask, project, signal }, surroundings)));
    } finally {
      await close();
    }
  }
  return found;
};

type Project = { readonly ask: Ask; readonly project: string; readonly signal: AbortSignal };

/** An organisation may have closed regions; that is no failure where others are open. */
const closed: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "provider_forbidden",
  "provider_missing",
  "provider_refused",
]);

async function surveyProject(
  { ask, project, signal }: Project,
  { clock, chance }: Surroundings,
): Promise<readonly FoundService[]> {
  const calm = { clock, chance, signal, mayRepeat: "all" } as const;
  const asked = await Promise.allSettled(
    regions.map(async (region) => {
      const services = await retryCalmly(() => listServices({ ask, project, signal }, region), calm);
      return services.map((service) => describeFound(service, project, region));
    }),
  );
  const failures = asked.flatMap((one) => (one.status === "rejected" ? [asTradewindError(one.reason)] : []));
  const failure = failures.find(({ code }) => !closed.has(code)) ?? failures[0];
  const isOpen = failures.length < regions.length && failures.every(({ code }) => closed.has(code));
  if (failure && !isOpen) throw failure;
  return asked.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
}

async function listServices({ ask, project, signal }: Project, region: string): Promise<readonly Service[]> {
  const parent = `projects/${project}/locations/${region}`;
  const found: Service[] = [];
  let pageToken: string | undefined;
  for (let page = 0; page < mostPages; page += 1) {
    const request = { parent, pageSize, ...(pageToken !== undefined && { pageToken }) };
    const [services, next] = await ask("run.services.list", signal, async (clients, options) =>
      clients.services.listServices(request, { ...options, autoPaginate: false }),
    );
    found.push(...services.slice(0, pageSize));
    pageToken = textOf(next?.pageToken);
    if (pageToken === undefined) break;
  }
  return found;
}

function describeFound(service: Service, project: string, region: string): FoundService {
  const view = readService(service);
  const name = shortName(service.name) ?? "";
  const { template } = view;
  const gpu = gpuOf(template);
  const { cpu = "?", memory = "?" } = answeringIn(template)?.resources?.limits ?? {};
  const bounds = view.most > 0 ? `${view.least} to ${view.most}` : `at least ${view.least}`;
  return {
    kind,
    name,
    settings: { project, region, service: name, ...(gpu !== undefined && { gpu }) },
    hasGpu: gpu !== undefined,
    price: priceNamed(template),
    isProvisioned: false,
    notes: [
      `${bounds} instances of ${cpu} vCPU and ${memory}${gpu === undefined ? "" : ` with one ${gpu}`}`,
      ...(view.manual === undefined ? [] : [`it is scaled by hand, to ${view.manual}`]),
      ...(view.actual.length === 0 ? ["nothing in it answers yet"] : []),
    ],
    ...(view.url === undefined && { unfit: "it has no address of its own, so nobody can call it" }),
  };
}

function gpuOf(template: Template): string | undefined {
  return textOf(template.nodeSelector?.accelerator);
}

function priceNamed(template: Template): string | undefined {
  const gpu = gpuOf(template);
  const redundant = template.gpuZonalRedundancyDisabled === true ? "" : "-redundant";
  const byGpu: Readonly<Record<string, string>> = {
    "nvidia-l4": `gcp/cloud-run/l4${redundant}`,
    "nvidia-rtx-pro-6000": "gcp/cloud-run/rtx-pro-6000",
  };
  const name = gpu === undefined ? bySize(template) : byGpu[gpu];
  return name !== undefined && findPrice(name) ? name : undefined;
}

/** A processor that is there between requests is paid for between them. */
function bySize(template: Template): string | undefined {
  const { limits, cpuIdle } = answeringIn(template)?.resources ?? {};
  const gib = /^(\d{1,4})Gi$/.exec(limits?.memory ?? "")?.[1];
  const cpu = /^\d{1,2}$/.exec(limits?.cpu ?? "")?.[0];
  if (gib === undefined || cpu === undefined) return undefined;
  return `gcp/cloud-run/cpu-${cpu}x${gib}/${cpuIdle === true ? "request" : "instance"}`;
}
