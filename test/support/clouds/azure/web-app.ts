import { setTimeout as sleep } from "node:timers/promises";
import type { Instance, World } from "../world.ts";
import { type ArmAnswer, webError } from "./fault-answers.ts";

/** What a request says of a site; as much as the fake acts upon. */
export type SiteBody = {
  readonly location?: string;
  readonly kind?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly properties?: {
    readonly serverFarmId?: string;
    readonly siteConfig?: Readonly<Record<string, unknown>> & {
      readonly appSettings?: readonly { readonly name: string; readonly value: string }[];
    };
  } & Readonly<Record<string, unknown>>;
};

/** Production, or a slot. What it runs goes over in a swap, its name, host and tags stay. */
export type WebSite = {
  readonly name: string;
  host: string;
  state: "Running" | "Stopped";
  tags: Readonly<Record<string, string>>;
  properties: Readonly<Record<string, unknown>>;
  runs: Runs;
  swapStatus: Readonly<Record<string, string>> | undefined;
  operation: string | undefined;
};

export type Runs = {
  config: Readonly<Record<string, unknown>>;
  settings: Readonly<Record<string, string>>;
  instances: readonly Instance[];
};

export type PlanState = {
  sku: { name: string; tier: string; size: string; family: string; capacity: number };
  elastic: boolean;
  changing: boolean;
};

export type WebAppTimes = { readonly settleMs: number; readonly warmUpMs: number };

/**
 * One app with its slots on one plan. Every site that runs stands on each worker of the plan.
 *
 *   a slot   MADE ── its container starts ──▶ RUNNING ── stop ──▶ STOPPED ── start ──▶ RUNNING
 *   a swap   the slot is pinged until it answers as its settings want ──▶ both exchange what they run
 */
export class WebApp {
  readonly production: WebSite;
  readonly slots = new Map<string, WebSite>();
  readonly plan: PlanState;
  sticky: readonly string[] = [];
  rules: readonly Readonly<Record<string, unknown>>[] = [];
  #rerouted = 0;
  readonly #world: World;
  readonly #times: WebAppTimes;

  constructor(
    world: World,
    plan: PlanState,
    { app, times }: { readonly app: string; readonly times: WebAppTimes },
  ) {
    this.#world = world;
    this.#times = times;
    this.plan = plan;
    this.production = newSite(app);
  }

  /** Starts and stops what the plan and the sites' states ask for. */
  reconcile(): void {
    for (const site of [this.production, ...this.slots.values()]) {
      const image = imageOf(site.runs.config.linuxFxVersion);
      const wanted = site.state === "Running" && image !== undefined ? this.plan.sku.capacity : 0;
      const { instances, settings } = site.runs;
      const fits = instances.filter(({ order }) => order.image === image && isSame(order.env, settings));
      const kept = fits.slice(0, wanted);
      for (const one of instances) if (!kept.includes(one)) void one.stop();
      const more = Array.from({ length: wanted - kept.length }, () =>
        this.#world.start({ image: image ?? "", env: settings }),
      );
      site.runs.instances = [...kept, ...more];
    }
  }

  /** Who takes a call to production: as often as a rule says, the slot. */
  choose(site: WebSite): () => readonly Instance[] {
    const chosen = site === this.production ? this.#byRules() : site;
    return () => (chosen.state === "Running" ? chosen.runs.instances : []);
  }

  #byRules(): WebSite {
    this.#rerouted = (this.#rerouted + 37) % 100;
    let upTo = 0;
    for (const { name, reroutePercentage } of this.rules) {
      upTo += Number(reroutePercentage);
      const slot = this.slots.get(String(name));
      if (slot?.state === "Running" && this.#rerouted < upTo) return slot;
    }
    return this.production;
  }

  write(site: WebSite, body: SiteBody): void {
    const { siteConfig = {}, ...properties } = body.properties ?? {};
    const { appSettings, ...config } = siteConfig;
    site.tags = body.tags ?? {};
    site.properties = { ...site.properties, ...properties };
    site.runs.config = { ...site.runs.config, ...config };
    if (appSettings)
      site.runs.settings = Object.fromEntries(appSettings.map(({ name, value }) => [name, value]));
    this.reconcile();
  }

  async swap(slot: WebSite): Promise<ArmAnswer> {
    const { production } = this;
    production.operation = slot.operation = "swap";
    try {
      if (slot.state !== "Running")
        return webError(409, "Conflict", `Cannot swap: the slot '${slot.name}' is stopped.`);
      if (!(await this.#warmsUp(slot)))
        return webError(
          409,
          "Conflict",
          `Cannot swap slots for site '${production.name}' because the '${slot.name}' slot did not respond to http ping.`,
        );
      this.#exchange(slot);
      return { status: 200, body: {} };
    } finally {
      production.operation = slot.operation = undefined;
    }
  }

  #exchange(slot: WebSite): void {
    const { production } = this;
    [production.runs, slot.runs] = [slot.runs, production.runs];
    const status = {
      timestampUtc: new Date().toISOString(),
      sourceSlotName: slot.name,
      destinationSlotName: "Production",
    };
    production.swapStatus = slot.swapStatus = status;
  }

  /** A ping is plain HTTP to each instance; unless its statuses are named, any answer is good enough. */
  async #warmsUp({ runs }: WebSite): Promise<boolean> {
    const { WEBSITE_SWAP_WARMUP_PING_PATH: path = "/", WEBSITE_SWAP_WARMUP_PING_STATUSES: named } =
      runs.settings;
    const statuses = named?.split(",").map(Number);
    const isWarm = async (instance: Instance): Promise<boolean> => {
      if (instance.state() !== "ready" && statuses) return false;
      const answer = await fetch(new URL(path, instance.url)).catch(() => undefined);
      await answer?.arrayBuffer();
      return answer !== undefined && (!statuses || statuses.includes(answer.status));
    };
    for (let waited = 0; waited < this.#times.warmUpMs; waited += 20) {
      const warm = await Promise.all(runs.instances.map(isWarm));
      if (warm.every(Boolean)) return true;
      await sleep(20);
    }
    return false;
  }
}

export function newSite(name: string): WebSite {
  const runs: Runs = { config: {}, settings: {}, instances: [] };
  return {
    name,
    host: "",
    state: "Running",
    tags: {},
    properties: {},
    runs,
    swapStatus: undefined,
    operation: undefined,
  };
}

function imageOf(linuxFxVersion: unknown): string | undefined {
  return /^DOCKER\|(.+)$/.exec(String(linuxFxVersion))?.[1];
}

function isSame(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other).sort());
}
