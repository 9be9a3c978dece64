import { listKey } from "./list-names.ts";
import { expiresAt, isFamilysOwn, isSignedFor, type TargetsList } from "./lists.ts";
import type { Call, Refusal, Repository } from "./repository.ts";
import { mostTries, readTargetsVersion, type Standing } from "./standing.ts";

/** Which version of each role a snapshot is to name. */
export type Chosen = { readonly versions: ReadonlyMap<string, number>; readonly refused: readonly Refusal[] };

type Choosing = {
  readonly repository: Repository;
  readonly standing: Standing;
  readonly refused: Refusal[];
  readonly call: Call;
};

/**
 * The newest lists that hold: signed by enough of those whom the list above them names, in date, never older than what
 * was named before. A new list of targets is taken only with a list that holds of each family it names, since families'
 * keys are exchanged by both together.
 */
export async function chooseLists(repository: Repository, standing: Standing, call: Call): Promise<Chosen> {
  const choosing: Choosing = { repository, standing, refused: [...standing.refused], call };
  const before = standing.named.get("targets") ?? 0;
  const candidates = (standing.versions.get("targets") ?? []).filter((version) => version >= before);
  for (const version of candidates.slice(0, mostTries)) {
    const families = await tryTargets(choosing, version, before);
    if (!families) continue;
    const versions = new Map([...standing.named, ["targets", version], ...families]);
    return { versions, refused: choosing.refused };
  }
  if (before === 0) return { versions: new Map(), refused: choosing.refused };
  const refused = [...choosing.refused, { key: listKey({ role: "targets", version: before }), why: goneWhy }];
  return { versions: standing.named, refused };
}

const goneWhy = "it was named, and is gone or not signed by the keys that may sign it now";

/** The families' versions beside it; undefined where this list cannot be named. */
async function tryTargets(
  choosing: Choosing,
  version: number,
  before: number,
): Promise<ReadonlyMap<string, number> | undefined> {
  const { repository, standing, refused, call } = choosing;
  const key = listKey({ role: "targets", version });
  const list = await readTargetsVersion(repository, { role: "targets", version }, call);
  const why = whyNot(choosing, list && isSignedFor(standing.root, "targets", list) ? list : undefined, {
    isNamed: version === before,
  });
  if (!list || why !== undefined) {
    if (version !== before) refused.push({ key, why: why ?? unreadable });
    return undefined;
  }
  const families = new Map<string, number>();
  for (const model of Object.keys(list.signed.delegations?.roles ?? {})) {
    const found = await chooseFamily(choosing, list, model);
    if (found !== undefined) families.set(model, found);
    else if (version !== before) {
      refused.push({ key, why: `no list of ${model} is signed by the keys that it names` });
      return undefined;
    }
  }
  return families;
}

/** The newest version that holds; the one that was named where no newer one does, if that holds. */
async function chooseFamily(
  choosing: Choosing,
  targets: TargetsList,
  model: string,
): Promise<number | undefined> {
  const { repository, standing, refused, call } = choosing;
  const before = standing.named.get(model) ?? 0;
  const candidates = (standing.versions.get(model) ?? []).filter((version) => version >= before);
  for (const version of candidates.slice(0, mostTries)) {
    const list = await readTargetsVersion(repository, { role: model, version }, call);
    const held = list && isFamilysOwn(targets, model, list) ? list : undefined;
    const why = whyNot(choosing, held, { isNamed: version === before });
    if (why === undefined) return version;
    refused.push({ key: listKey({ role: model, version }), why });
  }
  if (before > 0 && !candidates.includes(before)) {
    refused.push({ key: listKey({ role: model, version: before }), why: goneWhy });
  }
  return undefined;
}

const unreadable = "it is no list, another family's, or lacks signatures of the keys that may sign it";

/** What was named and has expired stays named: devices know what to make of a date. */
function whyNot(
  { repository }: Choosing,
  list: TargetsList | undefined,
  { isNamed }: { readonly isNamed: boolean },
): string | undefined {
  if (!list) return unreadable;
  return isNamed || expiresAt(list) > repository.clock.now() ? undefined : "it has expired";
}
