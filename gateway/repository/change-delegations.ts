import type { Signed } from "./change-family.ts";
import { delegatingList, type FamilySigners, type RootList, type TargetsList } from "./lists.ts";
import { nextVersion, type Versions, versionsInStore, writeNewList } from "./lists-in-store.ts";
import { usualLives } from "./lives.ts";
import type { Call, Repository } from "./repository.ts";
import { sealList } from "./seal-list.ts";
import type { SigningKey } from "./signing-key.ts";
import { readNewestTargets, readRoots } from "./standing.ts";

/** The newest list of targets and root, and what the next one needs. */
export type OpenDelegations = {
  readonly versions: Versions;
  readonly root: RootList;
  readonly targets: TargetsList;
};

export async function openDelegations(repository: Repository, call: Call): Promise<OpenDelegations> {
  const versions = await versionsInStore(repository, call);
  const { root } = await readRoots(repository, versions, call);
  return { versions, root, targets: await readNewestTargets(repository, { root, versions }, call) };
}

/** The next list of targets, not signed yet. */
export function nextDelegations(
  { clock, lives }: Repository,
  { versions, targets }: OpenDelegations,
  families: readonly FamilySigners[],
): TargetsList {
  const version = nextVersion(versions, "targets", targets.signed.version);
  return delegatingList(families, {
    version,
    expiresAtMs: clock.now() + (lives?.targets ?? usualLives.targets),
  });
}

export async function writeDelegations(
  repository: Repository,
  next: TargetsList,
  { root, keys, signal }: Call & { readonly root: RootList; readonly keys: readonly SigningKey[] },
): Promise<Signed> {
  const staged = sealList(next, keys, [{ by: root, role: "targets" }]);
  if (staged) return { staged };
  return {
    key: await writeNewList(repository, "targets", next, { signal }),
    version: next.signed.version,
  };
}
