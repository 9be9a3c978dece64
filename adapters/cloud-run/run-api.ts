import type { protos } from "@google-cloud/run";
import { openAsk } from "./ask-run.ts";
import { type Operation, readOperation } from "./read-operation.ts";
import type { Settings } from "./settings.ts";

export type Service = protos.google.cloud.run.v2.IService;
export type Revision = protos.google.cloud.run.v2.IRevision;
export type Template = protos.google.cloud.run.v2.IRevisionTemplate;
export type Condition = protos.google.cloud.run.v2.ICondition;
export type UpdateRequest = protos.google.cloud.run.v2.IUpdateServiceRequest;

/** The few calls of Cloud Run's API that are needed here, about one service; each tried once, its errors translated. */
export type RunApi = {
  readonly getService: (signal: AbortSignal) => Promise<Service>;
  readonly getRevision: (revision: string, signal: AbortSignal) => Promise<Revision>;
  readonly updateService: (request: UpdateRequest, signal: AbortSignal) => Promise<Operation>;
  readonly getOperation: (name: string, signal: AbortSignal) => Promise<Operation>;
  readonly close: () => Promise<void>;
};

type Place = Pick<Settings, "project" | "region" | "service" | "transport" | "api">;

export function serviceName({ project, region, service }: Place): string {
  return `projects/${project}/locations/${region}/services/${service}`;
}

/** Asks for nothing before the first call, so that a provider can be opened while its cloud is away. */
export function openRunApi(place: Place): RunApi {
  const name = serviceName(place);
  const what = `service ${place.service} in ${place.region}`;
  const { ask, close } = openAsk(place, what);
  return {
    getService: (signal) =>
      ask("run.services.get", signal, async ({ services }, options) => {
        const [service] = await services.getService({ name }, options);
        return service;
      }),
    getRevision: (revision, signal) =>
      ask("run.revisions.get", signal, async ({ revisions }, options) => {
        const [found] = await revisions.getRevision({ name: `${name}/revisions/${revision}` }, options);
        return found;
      }),
    updateService: (request, signal) =>
      ask("run.services.update", signal, async ({ services }, options) => {
        const [operation] = await services.updateService(request, options);
        return readOperation(operation.latestResponse, what);
      }),
    getOperation: (operation, signal) =>
      ask("run.operations.get", signal, async ({ services, operationRequest }, options) => {
        const [found] = await services.getOperation(operationRequest(operation), options);
        return readOperation(found, what);
      }),
    close,
  };
}
