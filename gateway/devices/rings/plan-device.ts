import type { PlannedModel } from "#infra/runtime/devices/words.ts";
import { isReached, type RingMember } from "./cohort.ts";
import { type EdgeRollout, goesBack } from "./rollout.ts";

/** A device as its last report, and who enrolled it, tell of it. */
export type DeviceFacts = RingMember & {
  /** The models that it is to have; none listed means all that are published. */
  readonly models: readonly string[];
  readonly reported: ReadonlyMap<string, ReportedModel>;
  /** Releases that an operator set by hand, by model. */
  readonly pins: ReadonlyMap<string, number>;
};

export type ReportedModel = {
  readonly active: number | null;
  readonly previous: number | null;
  /** The highest release that it ever ran: it takes nothing below that, but for its previous one. */
  readonly highest: number;
};

/** A release that lies in the signed repository. */
export type Release = { readonly model: string; readonly release: number; readonly revoked: boolean };

export type PlanAsk = {
  readonly device: DeviceFacts;
  /** Of all models, the latest of each first. */
  readonly rollouts: readonly EdgeRollout[];
  readonly releases: readonly Release[];
};

/** What each model of a device is to be, and why; what is revoked or not in the repository is never planned. */
export function planDevice({ device, rollouts, releases }: PlanAsk): readonly PlannedModel[] {
  return modelsOf(device, releases).map((model) => {
    const reported = device.reported.get(model) ?? nothing;
    const own = rollouts.filter((one) => one.model === model);
    const numbers = (revoked: boolean): Set<number> =>
      new Set(
        releases
          .filter((one) => one.model === model && one.revoked === revoked)
          .map(({ release }) => release),
      );
    return planModel({
      model,
      device,
      reported,
      rollouts: own,
      usable: numbers(false),
      revoked: numbers(true),
    });
  });
}

/** As many as a plan may have. */
const mostModels = 100;

function modelsOf({ models }: DeviceFacts, releases: readonly Release[]): readonly string[] {
  const wanted = models.length > 0 ? models : releases.map(({ model }) => model);
  return [...new Set(wanted)].sort().slice(0, mostModels);
}

const nothing: ReportedModel = { active: null, previous: null, highest: 0 };

type Asked = {
  readonly model: string;
  readonly device: DeviceFacts;
  readonly reported: ReportedModel;
  readonly rollouts: readonly EdgeRollout[];
  readonly usable: ReadonlySet<number>;
  readonly revoked: ReadonlySet<number>;
};

function planModel(asked: Asked): PlannedModel {
  const { model, device, rollouts, usable } = asked;
  const pin = device.pins.get(model);
  if (pin !== undefined) return { model, release: reachable(asked, pin) ? pin : null, why: "pinned" };
  for (const rollout of rollouts) {
    const plan = usable.has(rollout.release) ? planOf(rollout, asked) : undefined;
    if (plan) return settle(plan, asked);
  }
  return goBack(asked) ?? { model, release: kept(asked), why: "steady" };
}

/** What one rollout wants of a device; undefined where it wants nothing, so that the one before it counts. */
function planOf(rollout: EdgeRollout, asked: Asked): PlannedModel | undefined {
  const { model, device, reported } = asked;
  const { id, release, state } = rollout;
  const runs = reported.active === release;
  if (state === "superseded") return runs ? { model, release, why: "steady", rollout: id } : undefined;
  if (goesBack(rollout) || !isReached(rollout, device)) return undefined;
  if (state === "running") return { model, release, why: "rollout", rollout: id };
  if (state === "done") return { model, release, why: runs ? "steady" : "rollout", rollout: id };
  // Paused: what runs stays, be it the new one or the one before, and nothing begins.
  const stays = takenBack(asked) ? null : kept(asked);
  return stays === null ? undefined : { model, release: stays, why: "paused", rollout: id };
}

/** Says of a plan that leads away from what was taken back that it is a way back, and asks for nothing that cannot be. */
function settle(plan: PlannedModel, asked: Asked): PlannedModel {
  const bad = takenBack(asked);
  if (plan.release === null || !reachable(asked, plan.release))
    return goBack(asked) ?? { model: plan.model, release: kept(asked), why: "steady" };
  if (!bad || plan.release > bad.release) return plan;
  return { model: plan.model, release: plan.release, ...bad.told };
}

/** To its previous release, where the one that runs was taken back; undefined where it was not. */
function goBack(asked: Asked): PlannedModel | undefined {
  const { model, reported, rollouts, usable } = asked;
  const bad = takenBack(asked);
  if (!bad) return undefined;
  const { previous } = reported;
  const brought = rollouts.find(({ release }) => release === previous);
  const isGood = previous !== null && usable.has(previous) && !(brought && goesBack(brought));
  return { model, release: isGood ? previous : null, ...bad.told };
}

type TakenBack = {
  readonly release: number;
  readonly told: { readonly why: "rollback"; readonly rollout?: string };
};

/** What a device runs, if its rollout went back or it was revoked since. */
function takenBack({ reported: { active }, rollouts, revoked }: Asked): TakenBack | undefined {
  if (active === null) return undefined;
  const brought = rollouts.find(({ release }) => release === active);
  if (!revoked.has(active) && !(brought && goesBack(brought))) return undefined;
  return { release: active, told: { why: "rollback", ...(brought && { rollout: brought.id }) } };
}

function kept({ reported, usable }: Asked): number | null {
  return reported.active !== null && usable.has(reported.active) ? reported.active : null;
}

function reachable({ reported, usable }: Asked, release: number): boolean {
  if (!usable.has(release)) return false;
  const { active, previous, highest } = reported;
  return release >= highest || release === active || release === previous;
}
