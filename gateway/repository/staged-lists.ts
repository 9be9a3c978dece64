import { TradewindError } from "#infra/runtime/errors.ts";
import type { Signed } from "./change-family.ts";
import { checkFamily, readListName } from "./list-names.ts";
import {
  type AnyList,
  encodeList,
  isSignedFor,
  type RootList,
  readRoot,
  readTargets,
  signList,
  type TargetsList,
} from "./lists.ts";
import { type Versions, versionsInStore, writeNewList } from "./lists-in-store.ts";
import type { Call, Repository } from "./repository.ts";
import { type Delegator, sealList } from "./seal-list.ts";
import type { SigningKey } from "./signing-key.ts";
import { readNewestTargets, readRoots } from "./standing.ts";
import { targetAddress } from "./target-address.ts";

/** A list that is handed round for signatures: its file's name says whose it is and which version. */
export type StagedFile = { readonly fileName: string; readonly bytes: Uint8Array };

/** Adds signatures, on a machine that need not reach the repository. */
export function signStaged({ fileName, bytes }: StagedFile, keys: readonly SigningKey[]): Uint8Array {
  const { list } = readStaged(fileName, bytes);
  signList(list, keys);
  return encodeList(list);
}

/** Puts a list where it belongs once enough have signed it, or says how many are missing. */
export async function installStaged(
  repository: Repository,
  { fileName, bytes }: StagedFile,
  { keys, signal }: Call & { readonly keys: readonly SigningKey[] },
): Promise<Signed> {
  const { role, list } = readStaged(fileName, bytes);
  const call = { signal };
  const versions = await versionsInStore(repository, call);
  const { root } = await readRoots(repository, versions, call);
  const delegators =
    list.signed.type === "root"
      ? await delegatorsOfRoot(repository, { root, next: list as RootList, versions }, call)
      : await delegatorsOfTargets(repository, { root, role, list: list as TargetsList, versions }, call);
  const staged = sealList(list, keys, delegators);
  if (staged) return { staged };
  return { key: await writeNewList(repository, role, list, call), version: list.signed.version };
}

type Delegators = readonly [Delegator, ...Delegator[]];

async function delegatorsOfRoot(
  repository: Repository,
  { root, next, versions }: { readonly root: RootList; readonly next: RootList; readonly versions: Versions },
  call: Call,
): Promise<Delegators> {
  if (next.signed.version !== root.signed.version + 1) {
    throw outdated(`root ${next.signed.version} does not follow ${root.signed.version}`);
  }
  const targets = await readNewestTargets(repository, { root, versions }, call).catch(() => undefined);
  const held = targets ?? (await readNewestTargets(repository, { root: next, versions }, call));
  if (isSignedFor(next, "targets", held)) {
    return [
      { by: root, role: "root" },
      { by: next, role: "root" },
    ];
  }
  throw new TradewindError(
    "signing_refused",
    "the newest list of targets lacks signatures of the keys that this root names",
    {
      hint: "with this root devices could take nothing: sign a list of targets with those keys first",
    },
  );
}

type StagedTargets = {
  readonly root: RootList;
  readonly role: string;
  readonly list: TargetsList;
  readonly versions: Versions;
};

async function delegatorsOfTargets(
  repository: Repository,
  { root, role, list, versions }: StagedTargets,
  call: Call,
): Promise<Delegators> {
  const { version } = list.signed;
  const newest = versions.get(role)?.[0] ?? 0;
  if (version < newest)
    throw outdated(`version ${version} of ${role} is older than ${newest}, which lies there`);
  if (role === "targets") return [{ by: root, role }];
  await refuseMissing(repository, { role, list }, call);
  return [{ by: await readNewestTargets(repository, { root, versions }, call), role }];
}

/** A list never names what is not there. */
async function refuseMissing(
  { store }: Repository,
  { role, list }: Pick<StagedTargets, "role" | "list">,
  { signal }: Call,
): Promise<void> {
  const entries = await store.list(`targets/${role}/`, { maxEntries: 100_000, signal });
  const there = new Map(entries.map(({ key, bytes }) => [key, bytes]));
  for (const [path, { length, hashes }] of Object.entries(list.signed.targets)) {
    const address = targetAddress(path, hashes.sha256 ?? "");
    if (there.get(address) === length) continue;
    throw new TradewindError("signing_refused", `${address} is not there, or not whole`, {
      hint: "publish the release again from where its files are",
    });
  }
}

function readStaged(fileName: string, bytes: Uint8Array): { readonly role: string; readonly list: AnyList } {
  const name = readListName(fileName);
  if (!name || name.role === "snapshot" || name.role === "timestamp") {
    throw new TradewindError(
      "parameter_invalid",
      "a list that waits for signatures is named VERSION.ROLE.json",
      {
        hint: "keep the name that it was written with",
      },
    );
  }
  if (name.role !== "targets" && name.role !== "root") checkFamily(name.role);
  const list = name.role === "root" ? readRoot(bytes) : readTargets(bytes);
  if (list.signed.version === name.version) return { role: name.role, list };
  throw new TradewindError(
    "parameter_invalid",
    `the list says that it is version ${list.signed.version}, its name says ${name.version}`,
  );
}

function outdated(what: string): TradewindError {
  return new TradewindError("record_exists", `${what}: somebody was faster`, {
    hint: "make the change again, and have that one signed",
  });
}
