import type { Instance, World } from "../world.ts";
import { type ArmAnswer, armError } from "./fault-answers.ts";

export type TemplateBody = {
  readonly revisionSuffix?: string;
  readonly containers?: readonly {
    readonly image: string;
    readonly name: string;
    readonly env?: readonly { readonly name: string; readonly value?: string }[];
  }[];
  readonly scale?: { readonly minReplicas?: number; readonly maxReplicas?: number };
};

export type TrafficBody = {
  readonly revisionName?: string;
  readonly weight?: number;
  readonly latestRevision?: boolean;
  readonly label?: string;
};

/** What a request says of an app; as much as the fake acts upon. */
export type AppBody = {
  readonly location?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: {
    readonly template?: TemplateBody;
    readonly configuration?: {
      readonly activeRevisionsMode?: string;
      readonly ingress?: { readonly traffic?: readonly TrafficBody[] };
    };
  };
};

export type RevisionState = {
  readonly name: string;
  readonly template: TemplateBody;
  readonly createdTime: Date;
  host: string;
  active: boolean;
  replicas: readonly ReplicaState[];
  calledAt: number;
};

export type ReplicaState = { readonly instance: Instance; readonly createdTime: Date };

export type ContainerAppOptions = {
  readonly world: World;
  readonly name: string;
  /** A revision sleeps when nobody called it for so long. */
  readonly idleMs: number;
  readonly openFront: (revision: RevisionState) => Promise<void>;
};

/**
 * One app with its revisions, each with replicas of its own between its bounds.
 *
 *   ACTIVE ── nobody calls, least 0 ──▶ ASLEEP ── a call ──▶ ACTIVE
 *      └── deactivate ──▶ INACTIVE ── activate ──▶ ACTIVE
 */
export class ContainerAppState {
  readonly revisions = new Map<string, RevisionState>();
  mode = "Single";
  tags: Readonly<Record<string, string>> = {};
  traffic: readonly TrafficBody[] = [{ latestRevision: true, weight: 100 }];
  host = "";
  busy = false;
  #turn = 0;
  readonly #options: ContainerAppOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ContainerAppOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.reconcile(), 20);
  }

  get latest(): RevisionState | undefined {
    return [...this.revisions.values()].at(-1);
  }

  get latestReady(): RevisionState | undefined {
    return [...this.revisions.values()].findLast((one) => one.replicas.some(isUp) || sleeps(one));
  }

  /** What is not right about a change, before anything of it is done. */
  refusalOf({ properties: { template, configuration } = {} }: AppBody): ArmAnswer | undefined {
    const suffix = template?.revisionSuffix;
    if (template && !/^[a-z](?:-?[a-z0-9])*$/.test(suffix ?? "r"))
      return armError(400, "ContainerAppInvalidRevisionSuffix", `Invalid revision suffix '${suffix}'.`);
    const made = `${this.#options.name}--${suffix}`;
    if (made.length > 63) return armError(400, "ContainerAppInvalidRevisionSuffix", `${made} is too long.`);
    if (template && this.revisions.has(made))
      return armError(
        400,
        "ContainerAppRevisionSuffixInUse",
        `Revision with suffix '${suffix}' already exists.`,
      );
    const traffic = configuration?.ingress?.traffic;
    if (!traffic) return undefined;
    const sum = traffic.reduce((all, { weight = 0 }) => all + weight, 0);
    const lost = traffic.find(
      ({ revisionName = "", latestRevision }) =>
        !latestRevision && revisionName !== made && !this.revisions.get(revisionName)?.active,
    );
    if (lost || sum !== 100)
      return armError(
        400,
        "ContainerAppInvalidTrafficWeight",
        lost ? `Revision '${lost.revisionName}' is not active.` : `Traffic weights add up to ${sum}.`,
      );
    return undefined;
  }

  async patch({ tags, properties: { template, configuration } = {} }: AppBody): Promise<void> {
    if (tags) this.tags = tags;
    this.mode = configuration?.activeRevisionsMode ?? this.mode;
    if (template) await this.#make(template);
    this.traffic = configuration?.ingress?.traffic ?? this.traffic;
    this.reconcile();
  }

  turn(revision: RevisionState, active: boolean): ArmAnswer {
    if (
      !active &&
      this.traffic.some(({ revisionName, weight = 0 }) => revisionName === revision.name && weight > 0)
    )
      return armError(400, "RevisionHasTraffic", `Revision '${revision.name}' has traffic.`);
    revision.active = active;
    revision.calledAt = Date.now();
    this.reconcile();
    return { status: 200 };
  }

  /** Who takes a call to the app, by weight; a call wakes whoever it goes to. */
  choose(revision = this.#byWeight()): () => readonly Instance[] {
    if (!revision) return () => [];
    revision.calledAt = Date.now();
    this.reconcile();
    return () => revision.replicas.map(({ instance }) => instance);
  }

  reconcile(): void {
    for (const revision of this.revisions.values()) {
      const { minReplicas = 0 } = revision.template.scale ?? {};
      const isCalled = Date.now() - revision.calledAt < this.#options.idleMs;
      const wanted = revision.active ? Math.max(minReplicas, isCalled ? 1 : 0) : 0;
      for (const { instance } of revision.replicas.slice(wanted)) void instance.stop();
      const kept = revision.replicas.slice(0, wanted);
      const more = Array.from({ length: wanted - kept.length }, () => this.#start(revision));
      revision.replicas = [...kept, ...more];
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #start({ template: { containers: [first] = [] } }: RevisionState): ReplicaState {
    const env = Object.fromEntries((first?.env ?? []).map(({ name, value = "" }) => [name, value]));
    return {
      instance: this.#options.world.start({ image: first?.image ?? "", env }),
      createdTime: new Date(),
    };
  }

  async #make(template: TemplateBody): Promise<void> {
    const name = `${this.#options.name}--${template.revisionSuffix ?? `r${this.revisions.size}`}`;
    const now = new Date();
    const revision: RevisionState = {
      name,
      template,
      createdTime: now,
      host: "",
      active: true,
      replicas: [],
      calledAt: now.getTime(),
    };
    await this.#options.openFront(revision);
    if (this.mode === "Single") for (const one of this.revisions.values()) one.active = false;
    this.revisions.set(name, revision);
  }

  #byWeight(): RevisionState | undefined {
    this.#turn = (this.#turn + 37) % 100;
    let upTo = 0;
    for (const { revisionName, latestRevision, weight = 0 } of this.traffic) {
      upTo += weight;
      if (this.#turn < upTo)
        return latestRevision ? this.latestReady : this.revisions.get(revisionName ?? "");
    }
    return undefined;
  }
}

export function isUp({ instance }: ReplicaState): boolean {
  return instance.state() === "ready";
}

function sleeps({ template, active, replicas }: RevisionState): boolean {
  return active && replicas.length === 0 && (template.scale?.minReplicas ?? 0) === 0;
}
