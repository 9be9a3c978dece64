import { createHash } from "node:crypto";
import { Metadata, type MetadataKind, Signature } from "@tufjs/models";
import type { Origin, OriginAnswer } from "#edge/fetch/origin.ts";
import { beginning } from "#test/support/fake-clock.ts";
import { type ListKey, makeListKey } from "./list-keys.ts";

type Role = { keyids: string[]; threshold: number; [more: string]: unknown };
type Meta = { version: number; length?: number; hashes?: Record<string, string> };
type Common = {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  [more: string]: unknown;
};
export type RootWords = Common & {
  consistent_snapshot: boolean;
  keys: Record<string, ListKey["written"]>;
  roles: Record<string, Role>;
};
export type DelegatedWords = Role & { name: string; terminating: boolean; paths: string[] };
export type TargetsWords = Common & {
  targets: Record<string, { length: number; hashes: Record<string, string>; custom?: unknown }>;
  delegations?: { keys: Record<string, ListKey["written"]>; roles: DelegatedWords[] };
};
export type MetaWords = Common & { meta: Record<string, Meta> };

export type RepositoryOptions = { readonly now?: number; readonly lifeMs?: number };

export type SimulatedRepository = ReturnType<typeof simulateRepository>;

/**
 * A repository of signed lists in memory whose every word a test may change: `publish` gives lists their next version,
 * names it in the lists above them, and signs with whatever keys `signers` has. Nothing in it refuses nonsense.
 */
export function simulateRepository({ now = beginning, lifeMs = 30 * 86_400_000 }: RepositoryOptions = {}) {
  const until = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  const common = (type: string): Common => ({
    _type: type,
    spec_version: "1.0.31",
    version: 0,
    expires: until(now + lifeMs),
  });
  const role = (): Role => ({ keyids: [], threshold: 1 });
  const root: RootWords = {
    ...common("root"),
    consistent_snapshot: true,
    keys: {},
    roles: { root: role(), timestamp: role(), snapshot: role(), targets: role() },
  };
  const timestamp: MetaWords = { ...common("timestamp"), meta: { "snapshot.json": { version: 1 } } };
  const snapshot: MetaWords = { ...common("snapshot"), meta: { "targets.json": { version: 1 } } };
  const targets: TargetsWords = { ...common("targets"), targets: {} };
  const lists = new Map<string, Common>(Object.entries({ root, timestamp, snapshot, targets }));
  const repo = {
    root,
    timestamp,
    snapshot,
    targets,
    lists,
    until,
    signers: new Map<string, ListKey[]>(),
    /** Lists by the names under which they are fetched. */
    published: new Map<string, Buffer>(),
    files: new Map<string, Buffer>(),
    /** Every address that was asked for, in order. */
    asked: [] as string[],
    namesHashes: false,
    addKey: (of: string, key = makeListKey()) => addKey(repo, of, key),
    rotateKeys: (of: string) => {
      const holders = root.roles[of];
      if (holders) holders.keyids = [];
      repo.signers.set(of, []);
      addKey(repo, of, makeListKey());
    },
    delegate: (of: Delegating) => delegate(repo, of, () => ({ ...common("targets"), targets: {} })),
    publish: (...roles: readonly string[]) => {
      for (const name of roles) publish(repo, name);
    },
    published1: () => publishedAs(repo, "1.root.json"),
    latest: (of: string) => publishedAs(repo, fileOf(repo, of)),
    addFile: (of: string, path: string, content: string, custom?: unknown) =>
      addFile(repo, { of, path, content, custom }),
    origin: (shape: OriginShape = {}) => originOf(repo, shape),
  };
  for (const name of lists.keys()) repo.addKey(name);
  repo.publish("root", "targets", "snapshot", "timestamp");
  return repo;
}

type Repo = {
  readonly root: RootWords;
  readonly timestamp: MetaWords;
  readonly snapshot: MetaWords;
  readonly lists: Map<string, Common>;
  readonly signers: Map<string, ListKey[]>;
  readonly published: Map<string, Buffer>;
  readonly files: Map<string, Buffer>;
  readonly asked: string[];
  readonly namesHashes: boolean;
};

export type Delegating = {
  readonly by?: string;
  readonly name: string;
  readonly paths?: readonly string[];
  readonly terminating?: boolean;
  readonly keys?: readonly ListKey[];
  readonly threshold?: number;
};

function addKey({ root, signers }: Repo, of: string, key: ListKey): ListKey {
  root.keys[key.id] = key.written;
  root.roles[of]?.keyids.push(key.id);
  signers.set(of, [...(signers.get(of) ?? []), key]);
  return key;
}

function delegate(repo: Repo, of: Delegating, empty: () => TargetsWords): TargetsWords {
  const {
    by = "targets",
    name,
    paths = ["*"],
    terminating = false,
    keys = [makeListKey()],
    threshold = 1,
  } = of;
  const delegator = repo.lists.get(by) as TargetsWords;
  delegator.delegations ??= { keys: {}, roles: [] };
  for (const key of keys) delegator.delegations.keys[key.id] = key.written;
  const keyids = keys.map(({ id }) => id);
  const others = delegator.delegations.roles.filter((role) => role.name !== name);
  delegator.delegations.roles = [...others, { name, keyids, threshold, terminating, paths: [...paths] }];
  repo.signers.set(name, [...(repo.signers.get(name) ?? []), ...keys]);
  const list = (repo.lists.get(name) as TargetsWords | undefined) ?? empty();
  repo.lists.set(name, list);
  return list;
}

function publish(repo: Repo, name: string): void {
  const list = repo.lists.get(name);
  if (!list) throw new Error(`no list ${name}`);
  list.version += 1;
  const bytes = signWords(list, repo.signers.get(name) ?? []);
  repo.published.set(fileOf(repo, name), bytes);
  if (name === "snapshot") repo.timestamp.meta["snapshot.json"] = metaOf(repo, list, bytes);
  else if (name !== "root" && name !== "timestamp")
    repo.snapshot.meta[`${name}.json`] = metaOf(repo, list, bytes);
}

/** The bytes of a list with the signatures of these keys, whatever it says. */
export function signWords(words: object, keys: readonly ListKey[]): Buffer {
  const signed = JSON.parse(JSON.stringify(words));
  const list = Metadata.fromJSON(signed._type as MetadataKind.Root, { signed, signatures: [] });
  for (const key of keys) list.sign((bytes) => new Signature({ keyID: key.id, sig: key.sign(bytes) }));
  return Buffer.from(JSON.stringify(list.toJSON()));
}

function metaOf({ namesHashes }: Repo, { version }: Common, bytes: Buffer): Meta {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return namesHashes ? { version, length: bytes.byteLength, hashes: { sha256 } } : { version };
}

function fileOf({ lists }: Repo, name: string): string {
  if (name === "timestamp") return "timestamp.json";
  return `${lists.get(name)?.version}.${encodeURIComponent(name)}.json`;
}

function publishedAs({ published }: Repo, name: string): Buffer {
  const bytes = published.get(name);
  if (!bytes) throw new Error(`no ${name} was published`);
  return bytes;
}

function addFile(repo: Repo, file: { of: string; path: string; content: string; custom: unknown }): void {
  const bytes = Buffer.from(file.content);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const list = repo.lists.get(file.of) as TargetsWords;
  const custom = file.custom === undefined ? {} : { custom: file.custom };
  list.targets[file.path] = { length: bytes.byteLength, hashes: { sha256 }, ...custom };
  const cut = file.path.lastIndexOf("/") + 1;
  repo.files.set(`targets/${file.path.slice(0, cut)}${sha256}.${file.path.slice(cut)}`, bytes);
}

export type OriginShape = {
  readonly name?: string;
  readonly overTls?: boolean;
  readonly headers?: () => Readonly<Record<string, string>>;
  /** What comes instead of the repository's own answer. */
  readonly instead?: (address: string) => SimpleAnswer | undefined;
};

export type SimpleAnswer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array;
};

function originOf(
  repo: Repo,
  { name = "gateway", overTls = false, headers = () => ({}), instead }: OriginShape,
): Origin {
  return {
    name,
    isGateway: true,
    overTls,
    get: async ({ address, signal }) => {
      signal.throwIfAborted();
      repo.asked.push(address.replace(/^metadata\//, ""));
      const bytes = repo.published.get(address.replace(/^metadata\//, "")) ?? repo.files.get(address);
      const usual = { "tradewind-edge": "1", ...headers() };
      const own: SimpleAnswer = bytes
        ? { status: 200, headers: usual, body: bytes }
        : { status: 404, headers: usual };
      return answerOf(instead?.(address) ?? own);
    },
  };
}

function answerOf({ status, headers = {}, body = new Uint8Array() }: SimpleAnswer): OriginAnswer {
  return {
    status,
    header: (name) => headers[name],
    body: body instanceof Uint8Array ? oneByOne(body) : body,
    leave: () => undefined,
  };
}

/** In pieces, as from a line. */
async function* oneByOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += 1_024) yield bytes.subarray(at, at + 1_024);
}
