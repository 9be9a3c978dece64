import type { ModelReport, Plan, PlannedModel } from "#infra/runtime/devices/words.ts";
import type { DeviceState, ModelState, Slot } from "../store/device-state.ts";
import { dropRevoked, isRevoked } from "../store/drop-revoked.ts";
import { modelOf } from "../store/model-state.ts";
import type { ListedArtefact, ListedFile, TrustedList } from "../trust/trusted-list.ts";
import { chooseArtefact, type Machine } from "./choose-artefact.ts";

export type SyncAsk = {
  readonly state: DeviceState;
  /** The newest lists that held, be they expired. */
  readonly list: TrustedList | undefined;
  /** How the last look at newer ones went. */
  readonly lists: "fresh" | "expired" | "refused" | "unreachable";
  /** Undefined while the gateway has not said what is to run. */
  readonly plan: Plan | undefined;
  readonly machine: Machine;
  /** Where somebody said so, only these. */
  readonly only?: readonly string[] | undefined;
  /** Files that are here whole, by SHA-256. */
  readonly onShelf: ReadonlySet<string>;
  /** Of those, what was found not to be what it was. */
  readonly damaged: ReadonlySet<string>;
  /** Until models may be fetched; 0 for now. */
  readonly windowInMs: number;
};

export type Failure = NonNullable<ModelReport["failure"]>;

/** What to do next about one model. After anything that changes the state, what follows is planned anew. */
export type Step = { readonly model: string } & (
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "wait"; readonly release: number; readonly why: string }
  | { readonly kind: "fail"; readonly failure: Failure }
  /** Fetch what is not here yet, and try it. */
  | ({ readonly kind: "bring" } & Bringing)
  /** What runs is damaged on the disk: the blocks that are wrong come again. */
  | ({ readonly kind: "repair" } & Bringing)
  /** What ran before is here, and is what is planned. */
  | { readonly kind: "go_back"; readonly from: Slot; readonly to: Slot }
  /** Something of it was revoked; `to` is what runs then, nothing for what came with the device. */
  | { readonly kind: "leave_revoked"; readonly from: Slot | null; readonly to: Slot | null }
  /** What is on trial is no longer what is wanted. */
  | { readonly kind: "end_trial"; readonly trial: Slot }
);

export type Bringing = {
  readonly artefact: ListedArtefact;
  readonly golden: ListedFile;
  readonly blocks: ListedFile;
};

/** What to do now, in the order of names; from data alone, so that every case can be tried. */
export function planSync(ask: SyncAsk): readonly Step[] {
  const { state, plan, only } = ask;
  const planned = new Map(plan?.models.map((one) => [one.model, one]));
  const names = new Set([...Object.keys(state.models), ...planned.keys()]);
  return [...names]
    .filter((name) => only === undefined || only.includes(name) || state.models[name]?.active)
    .sort()
    .map((name) => {
      const isOurs = only === undefined || only.includes(name);
      return planModel(name, isOurs ? planned.get(name) : undefined, ask);
    });
}

function planModel(model: string, planned: PlannedModel | undefined, ask: SyncAsk): Step {
  const state = modelOf(ask.state, model);
  return (
    leaveRevoked(model, state, ask) ?? leaveTrial(model, state, planned) ?? follow(model, state, planned, ask)
  );
}

/** A revocation counts whatever else is the case, also where the lists have expired meanwhile. */
function leaveRevoked(model: string, before: ModelState, { state, list }: SyncAsk): Step | undefined {
  const after = modelOf(dropRevoked(state, list?.revocations ?? []), model);
  if (isSame(before, after)) return undefined;
  return { model, kind: "leave_revoked", from: before.active, to: after.active };
}

function isSame(one: ModelState, other: ModelState): boolean {
  const files = ({ active, previous, trial }: ModelState): string =>
    [active, previous, trial].map((slot) => slot?.sha256 ?? "").join(" ");
  return files(one) === files(other);
}

function leaveTrial(
  model: string,
  { trial }: ModelState,
  planned: PlannedModel | undefined,
): Step | undefined {
  const wanted = planned?.release ?? null;
  if (!trial || wanted === null || wanted === trial.release) return undefined;
  return { model, kind: "end_trial", trial };
}

function follow(model: string, state: ModelState, planned: PlannedModel | undefined, ask: SyncAsk): Step {
  const release = planned?.release ?? null;
  const { active, previous, floor } = state;
  if (release === null)
    return active ? stay(model, active, ask) : { model, kind: "nothing", why: "nothing is planned" };
  if (active && (active.release === release || isOfBefore(planned, active))) return stay(model, active, ask);
  const refused = state.quarantined.findLast((one) => one.release === release);
  if (refused) return fail(model, release, refused.cause, refused.detail);
  if (previous?.release === release)
    return active
      ? { model, kind: "go_back", from: active, to: previous }
      : bring(model, state, release, ask);
  if (release < floor) {
    const detail = `it lies below release ${floor}, which ran here; publish it under a higher number`;
    return fail(model, release, "metadata_refused", detail);
  }
  return bring(model, state, release, ask);
}

/** "As it is" by a report that this device has outgrown since: only what is meant as a way back leads back. */
function isOfBefore(planned: PlannedModel | undefined, active: Slot): boolean {
  const isAsItIs = planned?.why === "steady" || planned?.why === "paused";
  return isAsItIs && (planned.release ?? 0) < active.release;
}

function stay(model: string, active: Slot, { list, damaged }: SyncAsk): Step {
  const artefact = list?.artefacts.find(({ sha256 }) => sha256 === active.sha256);
  const rest = artefact && damaged.has(active.sha256) ? companionsOf(artefact, list) : undefined;
  if (artefact && rest) return { model, kind: "repair", artefact, ...rest };
  return { model, kind: "nothing", why: "it is what is planned" };
}

function bring(model: string, state: ModelState, release: number, ask: SyncAsk): Step {
  const { list, lists, onShelf, windowInMs } = ask;
  if (list === undefined) return withoutList(model, release, lists);
  const files = list.artefacts.filter(({ about }) => about.model === model && about.release === release);
  // A plan may be newer than the lists that were fetched before it, which says nothing of the release.
  if (files.length === 0) return withoutList(model, release, lists);
  const chosen = chooseArtefact(files, ask.machine);
  if ("cause" in chosen) return fail(model, release, chosen.cause, chosen.detail);
  const { artefact } = chosen;
  const { sha256 } = artefact;
  const isRevokedHere = list.revocations.some(
    (revoked) => revoked.model === model && isRevoked({ release, sha256 }, revoked),
  );
  if (isRevokedHere) return fail(model, release, "revoked", "it is revoked, nobody may run it");
  if (lists === "expired") return withoutList(model, release, lists);
  const rest = companionsOf(artefact, list);
  if (!rest) return fail(model, release, "metadata_refused", "the lists lack what belongs to it");
  // A device that runs nothing is not kept waiting for the night.
  if (windowInMs > 0 && state.active && !onShelf.has(sha256))
    return { model, kind: "wait", release, why: "models are fetched at another time of the day" };
  return { model, kind: "bring", artefact, ...rest };
}

function companionsOf(
  { about }: ListedArtefact,
  list: TrustedList | undefined,
): Pick<Bringing, "golden" | "blocks"> | undefined {
  const golden = list?.companions.get(about.golden.path);
  const blocks = list?.companions.get(about.blocks.path);
  return golden && blocks && { golden, blocks };
}

function withoutList(model: string, release: number, lists: SyncAsk["lists"]): Step {
  if (lists === "refused")
    return fail(model, release, "metadata_refused", "the repository's lists do not hold");
  if (lists === "expired")
    return fail(model, release, "metadata_expired", "the repository's lists have expired");
  return { model, kind: "wait", release, why: "the repository's lists do not name it yet" };
}

function fail(model: string, release: number, cause: Failure["cause"], detail: string): Step {
  return { model, kind: "fail", failure: { cause, release, detail } };
}
