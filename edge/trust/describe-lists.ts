import type { Key, Metadata, Root, TargetFile, Targets } from "@tufjs/models";
import { artefactFolder, revocationsPath, targetCustom } from "#inference/artefacts/artefact.ts";
import { isTopList } from "./list-names.ts";
import type { ListedArtefact, ListedFile, TrustedList } from "./trusted-list.ts";
import type { VerifiedLists } from "./verified-lists.ts";

/** A family is a delegated role with its model's name; whatever it signs counts only under that name. */
export type Family = {
  readonly model: string;
  readonly list: Metadata<Targets>;
  readonly covers: (path: string) => boolean;
};

const mostFileBytes = 8 * 1024 ** 3;

/** The wanted families among those that the targets list delegates to. */
export function familyNames(lists: VerifiedLists, models: readonly string[]): readonly string[] {
  const roles = lists.role("targets")?.signed.delegations?.roles ?? {};
  return [...new Set(models)].filter((model) => Object.hasOwn(roles, model) && !isTopList(model));
}

/** What verified lists say, in the product's own words. What cannot be understood is not there. */
export function describeLists(lists: VerifiedLists, models: readonly string[]): TrustedList {
  const families = familyNames(lists, models).flatMap((model) => familyOf(lists, model));
  const entries = families.flatMap(entriesOf);
  return {
    artefacts: entries.flatMap(({ artefact }) => artefact ?? []),
    revocations: entries.flatMap(({ revocations }) => revocations ?? []),
    companions: new Map(entries.flatMap(({ companion }) => (companion ? [[companion.path, companion]] : []))),
    expiresAtMs: earliestEnd(lists, families),
    versions: { root: lists.root().signed.version, timestamp: lists.timestamp().signed.version },
    onlineKeys: onlineKeysOf(lists.root().signed),
  };
}

function familyOf(lists: VerifiedLists, model: string): Family[] {
  const role = lists.role("targets")?.signed.delegations?.roles?.[model];
  const list = lists.role(model);
  if (!role || !list) return [];
  const covers = (path: string): boolean => path.startsWith(`${model}/`) && role.isDelegatedPath(path);
  return [{ model, list, covers }];
}

type Entry = {
  readonly artefact?: ListedArtefact;
  readonly revocations?: TrustedList["revocations"][number];
  readonly companion?: ListedFile;
};

function entriesOf(family: Family): readonly Entry[] {
  const { targets } = family.list.signed;
  return Object.entries(targets).flatMap(([path, target]) => {
    const file = family.covers(path) ? fileOf(path, target) : undefined;
    return file ? entryOf(family.model, file, target) : [];
  });
}

function entryOf(model: string, file: ListedFile, target: TargetFile): Entry[] {
  const { success, data } = targetCustom.safeParse(target.custom);
  if (!success) return [];
  // A family that speaks of another's models is not heard.
  if (data.kind === "revocations") {
    const isAtHome = data.model === model && file.path === revocationsPath(model);
    return isAtHome ? [{ revocations: data }] : [];
  }
  if (data.kind === "model") {
    const isAtHome = data.model === model && file.path === `${artefactFolder(data)}/model.onnx`;
    return isAtHome ? [{ artefact: { ...file, about: data } }] : [];
  }
  return [{ companion: file }];
}

function fileOf(path: string, { length, hashes }: TargetFile): ListedFile | undefined {
  const parts = path.split("/");
  const sha256 = hashes.sha256;
  const isPlain = parts.every((part) => /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/.test(part));
  const isSized = Number.isSafeInteger(length) && length >= 1 && length <= mostFileBytes;
  if (!isPlain || !isSized || !sha256 || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
  const folder = parts.slice(0, -1).map((part) => `${part}/`);
  return { path, address: `targets/${folder.join("")}${sha256}.${parts.at(-1)}`, bytes: length, sha256 };
}

function earliestEnd(lists: VerifiedLists, families: readonly Family[]): number {
  const all = [lists.root(), lists.timestamp(), lists.snapshot(), lists.role("targets")];
  const ends = [...all, ...families.map(({ list }) => list)].flatMap((list) => list?.signed.expires ?? []);
  return Math.min(...ends.map((end) => Date.parse(end)));
}

function onlineKeysOf({ roles, keys }: Root): ReadonlyMap<string, string> {
  const ids = roles.timestamp?.keyIDs ?? [];
  return new Map(ids.flatMap((id) => (Object.hasOwn(keys, id) ? plainKey(id, keys[id]) : [])));
}

function plainKey(id: string, key: Key | undefined): [string, string][] {
  const hex = key?.keyType === "ed25519" ? (key.keyVal.public ?? "") : "";
  return /^[0-9a-f]{64}$/.test(hex) ? [[id, hex]] : [];
}
