import {
  Metadata,
  MetadataKind,
  type Root,
  Signature,
  type Snapshot,
  type TargetFile,
  type Targets,
  type Timestamp,
} from "@tufjs/models";
import { isTooBroad } from "#inference/artefacts/list-breadth.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { mostVersion } from "./list-names.ts";
import { keyIdOf, type SigningKey, signHex, writtenKey } from "./signing-key.ts";

export type RootList = Metadata<Root>;
export type TargetsList = Metadata<Targets>;
export type SnapshotList = Metadata<Snapshot>;
export type TimestampList = Metadata<Timestamp>;
export type AnyList = RootList | TargetsList | SnapshotList | TimestampList;

/** Who signs a role, by public keys in hex. */
export type Signers = { readonly keys: readonly string[]; readonly threshold: number };

/** Until when and as which version. */
export type Dated = { readonly version: number; readonly expiresAtMs: number };

export type RootSigners = { readonly root: Signers; readonly targets: Signers; readonly online: Signers };

export type FamilySigners = Signers & { readonly model: string };

/** A file as a list writes it. */
export type WrittenFile = ReturnType<TargetFile["toJSON"]>;

export type NamedFile = { readonly bytes: number; readonly sha256: string; readonly custom: object };

export function rootList({ root, targets, online }: RootSigners, dated: Dated): RootList {
  const all = new Set([...root.keys, ...targets.keys, ...online.keys]);
  return Metadata.fromJSON(MetadataKind.Root, {
    signatures: [],
    signed: {
      ...common("root", dated),
      consistent_snapshot: true,
      keys: Object.fromEntries([...all].map((key) => [keyIdOf(key), writtenKey(key)])),
      roles: {
        root: roleOf(root),
        targets: roleOf(targets),
        snapshot: roleOf(online),
        timestamp: roleOf(online),
      },
    },
  });
}

/** Names no file by itself: a family's keys sign what lies under its name, and nothing else. */
export function delegatingList(families: readonly FamilySigners[], dated: Dated): TargetsList {
  const keys = new Set(families.flatMap((family) => family.keys));
  return Metadata.fromJSON(MetadataKind.Targets, {
    signatures: [],
    signed: {
      ...common("targets", dated),
      targets: {},
      delegations: {
        keys: Object.fromEntries([...keys].map((key) => [keyIdOf(key), writtenKey(key)])),
        roles: families.map((family) => ({
          ...{ name: family.model, ...roleOf(family), terminating: true },
          // A star never stands for a slash: revocations lie right under the name, files of releases two folders deeper.
          paths: [`${family.model}/*`, `${family.model}/*/*/*`],
        })),
      },
    },
  });
}

/** By their paths. */
export function familyList(files: ReadonlyMap<string, WrittenFile>, dated: Dated): TargetsList {
  const targets = Object.fromEntries([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  return Metadata.fromJSON(MetadataKind.Targets, {
    signatures: [],
    signed: { ...common("targets", dated), targets },
  });
}

export function writtenFile({ bytes, sha256, custom }: NamedFile): WrittenFile {
  return { length: bytes, hashes: { sha256 }, custom: JSON.parse(JSON.stringify(custom)) };
}

export function writtenFiles(list: TargetsList): Map<string, WrittenFile> {
  return new Map(Object.entries(list.signed.targets).map(([path, file]) => [path, file.toJSON()]));
}

/**
 * By versions alone: every list is signed itself, and two processes that make one snapshot at the same time leave one that
 * the timestamps of both can name.
 */
export function snapshotList(versions: ReadonlyMap<string, number>, dated: Dated): SnapshotList {
  const meta = Object.fromEntries([...versions].map(([role, version]) => [`${role}.json`, { version }]));
  return Metadata.fromJSON(MetadataKind.Snapshot, {
    signatures: [],
    signed: { ...common("snapshot", dated), meta },
  });
}

/** Also says when it was signed, for devices that have no better clock. */
export function timestampList(
  snapshot: number,
  dated: Dated & { readonly signedAtMs: number },
): TimestampList {
  return Metadata.fromJSON(MetadataKind.Timestamp, {
    signatures: [],
    signed: {
      ...common("timestamp", dated),
      meta: { "snapshot.json": { version: snapshot } },
      signed_at: dated.signedAtMs,
    },
  });
}

export function signList(list: AnyList, keys: readonly SigningKey[]): void {
  for (const key of keys) {
    list.sign((bytes) => new Signature({ keyID: key.id, sig: signHex(key, bytes) }));
  }
}

export function encodeList(list: AnyList): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(list.toJSON()));
}

export const readRoot = (bytes: Uint8Array): RootList =>
  parsed("root", () => Metadata.fromJSON(MetadataKind.Root, jsonOf(bytes)));
export const readTargets = (bytes: Uint8Array): TargetsList =>
  parsed("targets", () => Metadata.fromJSON(MetadataKind.Targets, jsonOf(bytes)));
export const readSnapshot = (bytes: Uint8Array): SnapshotList =>
  parsed("snapshot", () => Metadata.fromJSON(MetadataKind.Snapshot, jsonOf(bytes)));
export const readTimestamp = (bytes: Uint8Array): TimestampList =>
  parsed("timestamp", () => Metadata.fromJSON(MetadataKind.Timestamp, jsonOf(bytes)));

/** Whether enough of those who may sign the role did; whatever is wrong with the list's form counts as no. */
export function isSignedFor(by: RootList | TargetsList, role: string, list: AnyList): boolean {
  try {
    by.verifyDelegate(role, list);
    return true;
  } catch {
    return false;
  }
}

/**
 * A family's list does not say whose it is: where two families have the same keys, one's would hold for the other too,
 * and is told by what it names.
 */
export function isFamilysOwn(targets: TargetsList, model: string, list: TargetsList): boolean {
  const isAtHome = Object.keys(list.signed.targets).every((path) => path.startsWith(`${model}/`));
  return isAtHome && isSignedFor(targets, model, list);
}

export function expiresAt(list: AnyList): number {
  return Date.parse(list.signed.expires);
}

/** Seconds, as other clients of such repositories read moments. */
export function momentOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function common(type: string, { version, expiresAtMs }: Dated) {
  return { _type: type, spec_version: "1.0.31", version, expires: momentOf(expiresAtMs) };
}

function roleOf({ keys, threshold }: Signers) {
  return { keyids: keys.map(keyIdOf), threshold };
}

function jsonOf(bytes: Uint8Array) {
  const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  if (isTooBroad(json)) throw new RangeError("it names more than a list does");
  return json;
}

function parsed<List extends AnyList>(role: string, read: () => List): List {
  try {
    const list = read();
    const { version } = list.signed;
    if (Number.isInteger(version) && version >= 1 && version <= mostVersion) return list;
  } catch (cause) {
    throw new TradewindError("repository_refused", `what lies in place of a list of ${role} is none`, {
      cause,
    });
  }
  throw new TradewindError("repository_refused", `a list of ${role} has no version that can be`);
}
