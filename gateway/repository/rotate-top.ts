import { TradewindError } from "#infra/runtime/errors.ts";
import {
  nextDelegations,
  type OpenDelegations,
  openDelegations,
  writeDelegations,
} from "./change-delegations.ts";
import type { Signed } from "./change-family.ts";
import { freshen } from "./freshen.ts";
import { isSignedFor, type RootList, type RootSigners, rootList, signList } from "./lists.ts";
import { writeNewList } from "./lists-in-store.ts";
import { usualLives } from "./lives.ts";
import type { Call, Repository } from "./repository.ts";
import { sealList } from "./seal-list.ts";
import {
  changedSigners,
  familiesOf,
  isChange,
  refuseOnlineElsewhere,
  rootSignersOf,
  type SignersChange,
} from "./signers.ts";
import type { SigningKey } from "./signing-key.ts";

export type TopRotation = Call & {
  readonly role: "root" | "targets" | "online";
  readonly change: SignersChange;
  /** Old and new ones: the next root is signed by enough of both. */
  readonly rootKeys: readonly SigningKey[];
  /** Of the role targets, old and new ones. */
  readonly targetsKeys: readonly SigningKey[];
  /** With the old and the new one devices notice nothing of an exchange, wherever it is broken off. */
  readonly onlineKeys: readonly SigningKey[];
};

/**
 * Exchanges keys that the root names. Before the next root appears, what the new keys are to sign is signed by them and
 * by the old ones, so that it holds under both roots. Without a change the role's list is signed anew, for another while.
 */
export async function rotateTop(repository: Repository, ask: TopRotation): Promise<Signed> {
  const { role, change, targetsKeys, signal } = ask;
  const open = await openDelegations(repository, { signal });
  if (role === "targets" && !isChange(change)) {
    const next = nextDelegations(repository, open, familiesOf(open.targets));
    return await writeDelegations(repository, next, { root: open.root, keys: targetsKeys, signal });
  }
  const root = nextRoot(repository, open, ask);
  if (role === "targets") await signTargetsForBoth(repository, { ask, open, root });
  const staged = sealList(root, ask.rootKeys, [
    { by: open.root, role: "root" },
    { by: root, role: "root" },
  ]);
  if (staged) return { staged };
  if (role === "online" && mayFreshen(open.root, ask)) {
    await freshen(repository, ask.onlineKeys, { signal, isAnew: true });
  }
  return { key: await writeNewList(repository, "root", root, { signal }), version: root.signed.version };
}

function nextRoot(
  { clock, lives }: Repository,
  { root, targets }: OpenDelegations,
  { role, change }: TopRotation,
): RootList {
  const before = rootSignersOf(root);
  const signers: RootSigners = { ...before, [role]: changedSigners(before[role], role, change) };
  const families = familiesOf(targets).flatMap(({ keys }) => keys);
  refuseOnlineElsewhere(signers.online.keys, [...signers.root.keys, ...signers.targets.keys, ...families]);
  const expiresAtMs = clock.now() + (lives?.root ?? usualLives.root);
  // The numbers of roots have no gaps: devices ask for them one after the other.
  return rootList(signers, { version: root.signed.version + 1, expiresAtMs });
}

type Exchange = { readonly ask: TopRotation; readonly open: OpenDelegations; readonly root: RootList };

async function signTargetsForBoth(repository: Repository, { ask, open, root }: Exchange): Promise<void> {
  const { targetsKeys, signal } = ask;
  const next = nextDelegations(repository, open, familiesOf(open.targets));
  signList(next, targetsKeys);
  if (!isSignedFor(root, "targets", next)) {
    throw new TradewindError(
      "signing_refused",
      "the list of targets needs signatures of enough of its new keys",
      {
        hint: "give them with --targets-key, and the old ones too where they are at hand; nothing changed",
      },
    );
  }
  await writeNewList(repository, "targets", next, { signal });
  if (isSignedFor(open.root, "targets", next) && mayFreshen(open.root, ask)) {
    await freshen(repository, ask.onlineKeys, { signal });
  }
}

/** Whether a key is at hand that says what is fresh before the next root is there. */
function mayFreshen(root: RootList, { onlineKeys }: TopRotation): boolean {
  const may = rootSignersOf(root).online.keys;
  return onlineKeys.some(({ publicHex }) => may.includes(publicHex));
}
