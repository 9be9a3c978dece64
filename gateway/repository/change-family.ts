import { TradewindError } from "#infra/runtime/errors.ts";
import { checkFamily } from "./list-names.ts";
import { familyList, type TargetsList, type WrittenFile, writtenFiles } from "./lists.ts";
import { nextVersion, versionsInStore, writeNewList } from "./lists-in-store.ts";
import { usualLives } from "./lives.ts";
import { type FamilyContents, readContents } from "./read-contents.ts";
import type { Call, Repository } from "./repository.ts";
import { type Staged, sealList } from "./seal-list.ts";
import type { SigningKey } from "./signing-key.ts";
import { readNewestFamily, readNewestTargets, readRoots } from "./standing.ts";

/** What became of a list: it lies in the store, or it waits for more signatures. */
export type Signed = { readonly key: string; readonly version: number } | { readonly staged: Staged };

export type FamilyChange = Call & {
  readonly model: string;
  readonly keys: readonly SigningKey[];
};

/** The newest list of a family, and all that the next one needs. */
export type OpenFamily = {
  readonly model: string;
  readonly files: ReadonlyMap<string, WrittenFile>;
  readonly contents: FamilyContents;
  readonly targets: TargetsList;
  readonly nextVersion: number;
};

/** Works on what was uploaded last, also where no snapshot names it yet. */
export async function openFamily(
  repository: Repository,
  { model, signal }: Pick<FamilyChange, "model" | "signal">,
): Promise<OpenFamily> {
  checkFamily(model);
  const call = { signal };
  const versions = await versionsInStore(repository, call);
  const { root } = await readRoots(repository, versions, call);
  const targets = await readNewestTargets(repository, { root, versions }, call);
  if (!Object.hasOwn(targets.signed.delegations?.roles ?? {}, model)) throw noFamily(model);
  const list = await readNewestFamily(repository, { targets, versions }, { model, signal });
  if (!list) throw unsigned(model);
  return {
    ...{ model, targets, files: writtenFiles(list), contents: readContents(model, list) },
    nextVersion: nextVersion(versions, model, list.signed.version),
  };
}

/** Signs and uploads the next list of a family; what it names must lie in the store already. */
export async function writeFamily(
  repository: Repository,
  family: Pick<OpenFamily, "model" | "targets" | "nextVersion">,
  { files, keys, signal }: Omit<FamilyChange, "model"> & { readonly files: ReadonlyMap<string, WrittenFile> },
): Promise<Signed> {
  const { model, targets, nextVersion: version } = family;
  const life = repository.lives?.family ?? usualLives.family;
  const list = familyList(files, { version, expiresAtMs: repository.clock.now() + life });
  refuseLarge(model, JSON.stringify(list.toJSON()).length);
  const staged = sealList(list, keys, [{ by: targets, role: model }]);
  if (staged) return { staged };
  return { key: await writeNewList(repository, model, list, { signal }), version };
}

/** Readers take five million bytes of a list. */
const mostBytes = 4_500_000;

function refuseLarge(model: string, bytes: number): void {
  if (bytes <= mostBytes) return;
  throw new TradewindError(
    "signing_refused",
    `the list of ${model} would have ${bytes} bytes, which no reader takes`,
    {
      hint: "begin a family under another name",
    },
  );
}

function noFamily(model: string): TradewindError {
  return new TradewindError("model_unknown", `this repository has no model family ${model}`, {
    hint: `make it with: tradewind models family ${model}`,
  });
}

function unsigned(model: string): TradewindError {
  return new TradewindError("repository_refused", `no list of ${model} here is signed by its keys`, {
    hint: `exchange them, or sign anew, with: tradewind models rotate ${model}`,
  });
}
