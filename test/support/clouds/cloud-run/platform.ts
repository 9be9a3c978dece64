import type { World } from "../world.ts";
import { checkUpdate, type Update } from "./check-update.ts";
import { createInstancePool } from "./instance-pool.ts";
import { Refusal } from "./refusals.ts";
import {
  nameOfRevision,
  orderFor,
  type RevisionState,
  type ServiceMessage,
  type ServiceState,
  serviceMessage,
  type Target,
  type TemplateMessage,
} from "./service-state.ts";

export type PlatformOptions = {
  readonly world: World;
  readonly parent: string;
  /** How long a change takes, beside the starting of instances. */
  readonly settleMs: number;
  readonly idleMs: number;
  readonly now: () => number;
  /** Opens the address of a service or of a tag of it. */
  readonly addressOf: (service: string, tag: string | undefined) => string;
  readonly complain: (problem: string) => void;
};

export type OperationState = {
  readonly name: string;
  isDone: boolean;
  result: ServiceMessage | undefined;
  error: Refusal | undefined;
};

export type NewService = {
  readonly service: string;
  readonly template: TemplateMessage;
  readonly least?: number;
  readonly most?: number;
  readonly customAudiences?: readonly string[];
};

/** Services, their immutable revisions and the operations that change them, as the real platform keeps them. */
export type Platform = {
  /** As if somebody had deployed it long ago. */
  readonly put: (service: NewService) => Promise<void>;
  readonly service: (name: string) => ServiceState;
  readonly services: () => readonly ServiceState[];
  readonly revision: (name: string) => { readonly service: ServiceState; readonly revision: RevisionState };
  readonly update: (update: Update) => OperationState;
  readonly operation: (name: string) => OperationState;
  readonly close: () => Promise<void>;
};

export function createPlatform(options: PlatformOptions): Platform {
  const { world, parent, settleMs, idleMs, now, addressOf } = options;
  const services = new Map<string, ServiceState>();
  const operations = new Map<string, OperationState>();
  const timers = new Set<NodeJS.Timeout>();
  let serial = 0;

  const serviceNamed = (name: string): ServiceState => {
    const found = services.get(name);
    if (!found)
      throw new Refusal(5, `Resource '${name}' of kind 'SERVICE' in region 'europe-west4' does not exist.`);
    return found;
  };
  const addRevision = (service: ServiceState, template: TemplateMessage): RevisionState => {
    const name =
      template.revision ?? `${service.short}-${String(service.revisions.size + 1).padStart(5, "0")}-abc`;
    const pool = createInstancePool({
      world,
      order: orderFor(template, name, service.short),
      concurrency: template.maxInstanceRequestConcurrency ?? 80,
      idleMs,
    });
    const revision: RevisionState = {
      name,
      template,
      pool,
      state: "starting",
      why: undefined,
      createdAt: now(),
    };
    service.revisions.set(name, revision);
    service.latestCreated = name;
    return revision;
  };
  const later = (work: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      work();
    }, settleMs);
    timers.add(timer);
  };
  const settle = (service: ServiceState, operation: OperationState): void => {
    const { generation } = service;
    const newest = service.latestCreated && service.revisions.get(service.latestCreated);
    void Promise.resolve(newest && prove(newest)).then(() =>
      later(() => {
        route(service);
        operation.isDone = true;
        operation.error = failureOf(service);
        if (service.generation === generation) service.isReconciling = false;
        // What failed is never seen as the state of affairs.
        if (!operation.error) service.observedGeneration = generation;
        operation.result = serviceMessage(service);
      }),
    );
  };
  /** What is wanted becomes so where every revision of it can answer; else all stays as it was. */
  const route = (service: ServiceState): void => {
    const targets = service.traffic.map((target) => resolved(service, target));
    if (targets.every(({ revision }) => service.revisions.get(revision ?? "")?.state === "ready"))
      service.statuses = targets.map((target) => ({
        ...target,
        ...(target.tag !== undefined && { uri: addressOf(service.name, target.tag) }),
      }));
    setBounds(service);
  };
  return {
    put: async ({ service, template, least = 0, most = 3, customAudiences = [] }) => {
      const name = `${parent}/services/${service}`;
      const state = newService({ name, uri: addressOf(name, undefined), now: now(), customAudiences });
      state.scaling = { minInstanceCount: least, maxInstanceCount: most };
      state.template = template;
      services.set(name, state);
      const revision = addRevision(state, template);
      await prove(revision);
      state.observedGeneration = state.generation;
      route(state);
    },
    service: serviceNamed,
    services: () => [...services.values()],
    revision: (full) => {
      const [serviceName = "", revisionName = ""] = full.split("/revisions/");
      const service = serviceNamed(serviceName);
      const revision = service.revisions.get(revisionName);
      if (!revision) throw new Refusal(5, `Resource '${full}' of kind 'REVISION' does not exist.`);
      return { service, revision };
    },
    update: (update) => {
      const service = serviceNamed(update.name);
      const changed = checkUpdate(service, update);
      serial += 1;
      service.generation += 1;
      service.isReconciling = true;
      service.etag = `"e${service.generation}-${serial}"`;
      Object.assign(service, changed.fields);
      if (changed.template) addRevision(service, changed.template);
      setBounds(service);
      const name = `${parent}/operations/op-${serial}`;
      const operation: OperationState = { name, isDone: false, result: undefined, error: undefined };
      operations.set(name, operation);
      settle(service, operation);
      return operation;
    },
    operation: (name) => {
      const found = operations.get(name);
      if (!found) throw new Refusal(5, `Operation ${name} does not exist.`);
      return found;
    },
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      const pools = [...services.values()].flatMap(({ revisions }) => [...revisions.values()]);
      await Promise.all(pools.map(({ pool }) => pool.close()));
    },
  };
}

function newService(given: {
  readonly name: string;
  readonly uri: string;
  readonly now: number;
  readonly customAudiences: readonly string[];
}): ServiceState {
  return {
    ...given,
    short: given.name.split("/").at(-1) ?? "",
    createdAt: given.now,
    isReconciling: false,
    generation: 1,
    observedGeneration: 0,
    etag: '"e1"',
    template: { containers: [] },
    traffic: [{ type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 }],
    statuses: [],
    scaling: {},
    revisions: new Map(),
    latestCreated: undefined,
  };
}

/** Before it is called ready, an instance of it must have stood. */
async function prove(revision: RevisionState): Promise<void> {
  if (revision.state !== "starting") return;
  try {
    await revision.pool.prove();
    revision.state = "ready";
  } catch {
    revision.state = "failed";
    revision.why =
      "The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout.";
  }
}

function resolved(service: ServiceState, target: Target): Target {
  if (target.type === "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION") return target;
  const revision = nameOfRevision(service, "ready");
  return { ...target, ...(revision !== undefined && { revision }) };
}

/** The least of a service is parted among the revisions that have traffic, and what only has a tag sleeps. */
function setBounds({ revisions, statuses, scaling }: ServiceState): void {
  const { minInstanceCount: least = 0, maxInstanceCount: most = 100 } = scaling;
  for (const { name, pool, state } of revisions.values()) {
    if (state !== "ready") continue;
    const percent = statuses.reduce((sum, one) => sum + (one.revision === name ? (one.percent ?? 0) : 0), 0);
    pool.setBounds(Math.ceil((least * percent) / 100), most);
  }
}

function failureOf(service: ServiceState): Refusal | undefined {
  const newest = service.revisions.get(service.latestCreated ?? "");
  if (newest?.state !== "failed") return undefined;
  return new Refusal(9, `Revision '${newest.name}' is not ready and cannot serve traffic. ${newest.why}`);
}
