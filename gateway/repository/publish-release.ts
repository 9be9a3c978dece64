import { createHash } from "node:crypto";
import {
  type ArtefactTarget,
  artefactFolder,
  blockBytes,
  type ModelArtefact,
  modelArtefact,
  revocationsPath,
} from "#inference/artefacts/artefact.ts";
import { blocksOf } from "#inference/artefacts/blocks.ts";
import { mostMembers } from "#inference/artefacts/list-breadth.ts";
import type { Precision } from "#inference/contract.ts";
import type { BlobSource } from "#infra/runtime/blobs/blob-store.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type FamilyChange, openFamily, type Signed, writeFamily } from "./change-family.ts";
import { type WrittenFile, writtenFile } from "./lists.ts";
import { type FamilyContents, isRevoked, type ListedModel } from "./read-contents.ts";
import type { Call, Repository } from "./repository.ts";
import { targetAddress } from "./target-address.ts";

/** One file of a release, for one kind of processor. */
export type NewArtefact = {
  readonly target: ArtefactTarget;
  readonly model: Uint8Array;
  readonly golden: Uint8Array;
  readonly precision: Precision;
  readonly memoryMb: number;
  /** Parts per million. */
  readonly minAgreement: number;
  readonly minAgent: string;
};

export type Release = FamilyChange & {
  readonly version: string;
  /** The next one where it is not said. */
  readonly release?: number | undefined;
  readonly artefacts: readonly NewArtefact[];
};

export type Published = {
  readonly release: number;
  readonly files: readonly { readonly address: string; readonly bytes: number; readonly isNew: boolean }[];
  /** Undefined where all of it was published before. */
  readonly list: Signed | undefined;
};

/**
 * Uploads what is new of a release and then the family's next list, so that whatever ends it on the way leaves a
 * repository without it. The same files again are no news; another file in the place of one is refused.
 */
export async function publishRelease(repository: Repository, ask: Release): Promise<Published> {
  const family = await openFamily(repository, ask);
  const release = releaseOf(ask, family.contents);
  const parts = ask.artefacts.map((artefact) => partsOf(artefact, { ...ask, release }));
  const fresh = parts.filter((part) => !isThere(part, family.contents));
  const added = fresh.flatMap((part) => part.files.map((file) => [file.path, writtenFile(file)] as const));
  const all = new Map<string, WrittenFile>([...family.files, ...added]);
  refuseFull(ask.model, all);
  const files: Published["files"][number][] = [];
  for (const part of fresh) {
    for (const { path, bytes, sha256, content } of part.files) {
      const address = targetAddress(path, sha256);
      files.push({ address, bytes, isNew: await upload(repository, { address, bytes, content }, ask) });
    }
  }
  if (fresh.length === 0) return { release, files, list: undefined };
  return { release, files, list: await writeFamily(repository, family, { ...ask, files: all }) };
}

/** However full a family's list is, its releases can be revoked: that takes a place, and it stays free. */
function refuseFull(model: string, files: ReadonlyMap<string, WrittenFile>): void {
  const places = new Set([...files.keys(), revocationsPath(model)]).size;
  if (places <= mostMembers) return;
  throw new TradewindError(
    "signing_refused",
    `the list of ${model} would name ${places} files, and no reader takes more than ${mostMembers}`,
    { hint: "begin a family under another name" },
  );
}

/** A version names one release: again, it is the same one; a new one is higher than all before it. */
function releaseOf(
  { version, release, artefacts }: Release,
  { models, revocations }: FamilyContents,
): number {
  const same = models.find(({ about }) => about.version === version)?.about.release;
  const highest = Math.max(0, revocations.below - 1, ...models.map(({ about }) => about.release));
  const chosen = release ?? same ?? highest + 1;
  if (same !== undefined && same !== chosen) {
    throw exists(`version ${version} is release ${same}, and cannot be ${chosen} too`);
  }
  if (same === undefined && chosen <= highest) {
    throw exists(`release ${chosen} is not above ${highest}, the highest there was`);
  }
  if (chosen < revocations.below) {
    throw new TradewindError("signing_refused", `every release below ${revocations.below} is revoked`);
  }
  if (new Set(artefacts.map(({ target }) => target)).size === artefacts.length && artefacts.length > 0)
    return chosen;
  throw new TradewindError("parameter_invalid", "a release has one file for each target, and at least one");
}

type Part = {
  readonly path: string;
  readonly sha256: string;
  readonly about: ModelArtefact;
  readonly files: readonly PartFile[];
};

type PartFile = {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly custom: object;
  readonly content: Uint8Array;
};

function partsOf(
  artefact: NewArtefact,
  { model, version, release }: { readonly model: string; readonly version: string; readonly release: number },
): Part {
  const { target, precision, minAgent, memoryMb, golden, minAgreement } = artefact;
  const folder = artefactFolder({ model, release, target });
  const [path, goldenPath, blocksPath] = [
    `${folder}/model.onnx`,
    `${folder}/golden.json`,
    `${folder}/blocks`,
  ];
  const about = modelArtefact.parse({
    ...{ schema: 1, kind: "model", model, version, release, precision, target, minAgent, memoryMb },
    golden: { path: goldenPath, minAgreement },
    blocks: { path: blocksPath, size: blockBytes },
  });
  const companion = (kind: "golden" | "blocks") => ({ schema: 1, kind });
  const file = fileOf(path, artefact.model, about);
  const files = [
    fileOf(goldenPath, golden, companion("golden")),
    fileOf(blocksPath, blocksOf(artefact.model), companion("blocks")),
    file,
  ];
  return { path, sha256: file.sha256, about, files };
}

function fileOf(path: string, content: Uint8Array, custom: object): PartFile {
  const sha256 = createHash("sha256").update(content).digest("hex");
  return { path, bytes: content.byteLength, sha256, custom, content };
}

/** The model's own bytes decide: golden answers of another machine differ in their last digits. */
function isThere(part: Part, { models, revocations }: FamilyContents): boolean {
  const there = models.find(({ path }) => path === part.path);
  const { release, target } = part.about;
  if (there && there.sha256 !== part.sha256) {
    throw exists(`release ${release} has another file for ${target} already: ${shortOf(there)}`);
  }
  if (!isRevoked(part, revocations)) return there !== undefined;
  throw new TradewindError("signing_refused", `this very file was revoked: ${shortOf(part)}`);
}

function shortOf({ sha256 }: Pick<ListedModel, "sha256">): string {
  return sha256.slice(0, 12);
}

/** Its name says what it holds, so what lies there whole is not sent again. */
async function upload(
  { store }: Repository,
  {
    address,
    bytes,
    content,
  }: { readonly address: string; readonly bytes: number; readonly content: BlobSource },
  { signal }: Call,
): Promise<boolean> {
  const [there] = (await store.list(address.slice(0, address.lastIndexOf("/") + 1), { signal })).filter(
    ({ key }) => key === address,
  );
  if (there?.bytes === bytes) return false;
  await store.write(address, content, { signal });
  return true;
}

function exists(what: string): TradewindError {
  return new TradewindError("record_exists", what, {
    hint: "what was published never changes: give the new file a version of its own",
  });
}
