import { driftTurned } from "../agreement/agreement-channels.ts";
import type { DriftWatch } from "../agreement/drift-watch.ts";
import type { Trials } from "../agreement/trials.ts";

/** A model that is compared, and who has it now. */
export type Compared = {
  readonly model: string;
  readonly step: string;
  /** The version of the weights by the backend's name; undefined while a backend has not said it. */
  readonly backends: ReadonlyMap<string, string | undefined>;
};

export type FollowSteps = (now: readonly Compared[]) => void;

type Before = { step: string; backends: Map<string, string | undefined> };

/** Forgets what is true no more: of another step of a trial, of other weights, of backends that left. */
export function createStepFollower(deps: {
  readonly watch: Pick<DriftWatch, "forget">;
  readonly trials: Pick<Trials, "clear">;
}): FollowSteps {
  const known = new Map<string, Before>();
  const forget = (model: string, backend: string): void => {
    deps.trials.clear(model, backend);
    const turned = deps.watch.forget(model, backend);
    for (const one of turned) driftTurned.publish(one);
    // Who was never judged did not turn, but was measured: whoever has numbers of it hears of its end too.
    if (turned.some((one) => one.backend === backend)) return;
    driftTurned.publish({ model, backend, state: "unknown", blamed: false, against: [] });
  };
  const follow = ({ model, step, backends }: Compared): void => {
    const before = known.get(model) ?? { step, backends: new Map() };
    known.set(model, { step, backends: merged(before, backends) });
    for (const backend of before.backends.keys()) {
      if (before.step !== step) deps.trials.clear(model, backend);
      if (isOther(before.backends.get(backend), backend, backends)) forget(model, backend);
    }
  };
  return (now) => {
    for (const compared of now) follow(compared);
    const models = new Set(now.map(({ model }) => model));
    for (const [model, { backends }] of known) {
      if (models.has(model)) continue;
      for (const backend of backends.keys()) forget(model, backend);
      known.delete(model);
    }
  };
}

/** Who is silent for a moment still has what it had. */
function merged({ backends: before }: Before, backends: Compared["backends"]): Before["backends"] {
  return new Map(Array.from(backends, ([name, version]) => [name, version ?? before.get(name)]));
}

function isOther(version: string | undefined, backend: string, backends: Compared["backends"]): boolean {
  if (!backends.has(backend)) return true;
  const told = backends.get(backend);
  return version !== undefined && told !== undefined && told !== version;
}
