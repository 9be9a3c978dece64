import { type DeviceSight, type Sighted, type SightState, sight, sightStates } from "./device-sight.ts";

/** All devices of one model. */
export type ModelSum = {
  readonly model: string;
  readonly devices: number;
  readonly states: Readonly<Record<SightState, number>>;
  readonly releases: readonly ReleaseSum[];
  readonly failures: readonly FailureSum[];
  /** Of those that were heard of lately and do not run what they were told to. */
  readonly lag: { readonly devices: number; readonly p50Ms: number; readonly mostMs: number } | undefined;
};

/** How many were told to run a release, and how many say that they do. */
export type ReleaseSum = { readonly release: number; readonly desired: number; readonly reported: number };

export type FailureSum = { readonly cause: string; readonly release: number; readonly devices: number };

/** Each model of a fleet, by name. */
export function sumFleet(devices: readonly DeviceSight[], now: number): readonly ModelSum[] {
  const all = devices.flatMap((device) => device.models.map((model) => sight(device, model, now)));
  const byModel = Map.groupBy(all, ({ model }) => model.model);
  return [...byModel]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([model, sighted]) => sumModel(model, sighted));
}

export function hasFailed({ state }: Pick<Sighted, "state">): boolean {
  return state === "failed" || state === "fell_back";
}

function sumModel(model: string, sighted: readonly Sighted[]): ModelSum {
  const states = Object.fromEntries(sightStates.map((state) => [state, 0])) as Record<SightState, number>;
  for (const { state } of sighted) states[state] += 1;
  const [releases, failures] = [sumReleases(sighted), sumFailures(sighted)];
  return { model, devices: sighted.length, states, releases, failures, lag: sumLag(sighted) };
}

function sumReleases(sighted: readonly Sighted[]): readonly ReleaseSum[] {
  const sums = new Map<number, { desired: number; reported: number }>();
  const add = (release: number | null | undefined, what: "desired" | "reported"): void => {
    if (release === null || release === undefined) return;
    const sum = sums.get(release) ?? { desired: 0, reported: 0 };
    sum[what] += 1;
    sums.set(release, sum);
  };
  for (const { model } of sighted) {
    add(model.planned?.release, "desired");
    add(model.reported?.active?.release, "reported");
  }
  return [...sums].sort(([a], [b]) => a - b).map(([release, sum]) => ({ release, ...sum }));
}

/** Of those that failed and are not silent since. */
function sumFailures(sighted: readonly Sighted[]): readonly FailureSum[] {
  const causes = sighted.flatMap((one) => (hasFailed(one) && one.failure ? [one.failure] : []));
  const groups = Map.groupBy(causes, ({ cause, release }) => `${release} ${cause}`);
  return [...groups.values()]
    .flatMap((same) =>
      same[0] ? [{ cause: same[0].cause, release: same[0].release, devices: same.length }] : [],
    )
    .sort((a, b) => b.devices - a.devices);
}

const live: ReadonlySet<SightState> = new Set(sightStates.filter((one) => !silent(one)));

function silent(state: SightState): boolean {
  return state === "stale" || state === "offline" || state === "set_aside";
}

function sumLag(sighted: readonly Sighted[]): ModelSum["lag"] {
  const lags = sighted
    .flatMap(({ state, lagMs }) => (lagMs !== undefined && live.has(state) ? [lagMs] : []))
    .sort((a, b) => a - b);
  const p50Ms = lags[Math.floor((lags.length - 1) / 2)];
  if (p50Ms === undefined) return undefined;
  return { devices: lags.length, p50Ms, mostMs: lags.at(-1) ?? p50Ms };
}
