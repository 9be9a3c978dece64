import { constants } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { chooseFiles, refuseTooMuch, sidecar, stampOf, versionOf } from "./file-facts.ts";
import { byVersion, isModelName, isVersion, nameRule, noVersion, shown } from "./model-name.ts";
import {
  defaultMaxBytes,
  type FetchedModel,
  type FetchOptions,
  type FileFacts,
  type ModelListing,
  type ModelSource,
  mostModels,
  mostVersions,
  type VersionListing,
} from "./model-source.ts";
import { verifyFiles } from "./verify-files.ts";
import { heldModel, openVersionCache, type VersionCache } from "./version-cache.ts";
import { factsOf, filesOfVersion, namesIn } from "./version-folder.ts";

export type FolderSourceOptions = {
  /** `<folder>/<model>/<version>/model.onnx`, and `<folder>/<model>/model.yaml` if need be. */
  readonly folder: string;
  /** A folder of this process alone, for private copies. */
  readonly cache: string;
  /**
   * Which versions are loaded from a private copy: threads load by path, long after a hash was taken, and one that
   * dies is replaced hours later. `pinned` is enough where nobody changes the folder while the process runs.
   */
  readonly copy: "all" | "pinned";
  /** Of one version. */
  readonly maxBytes?: number;
};

export function openFolderSource(options: FolderSourceOptions): ModelSource {
  const { folder } = options;
  const cache = openVersionCache(options.cache, { keep: false });
  return {
    list: async ({ signal, model }) => {
      const names = model === undefined ? await modelNames(folder) : isModelName(model) ? [model] : [];
      const listings: ModelListing[] = [];
      for (const name of names) {
        signal.throwIfAborted();
        const listing = await listModel(folder, name);
        if (listing) listings.push(listing);
      }
      return listings;
    },
    readSettings: async ({ name }) => {
      const file = `${name}/model.yaml`;
      return { text: await readText(join(folder, file), { what: file }), file };
    },
    fetch: (model, version, fetching) => fetchVersion(options, cache, model, version, fetching),
    tidy: () => cache.tidy(),
  };
}

/** Entries of a model's folder that are looked at; one with more holds pictures, not versions. */
const mostEntries = 10_000;

async function modelNames(folder: string): Promise<readonly string[]> {
  const names = await namesIn(folder, mostEntries).catch((cause: unknown) => {
    throw new TradewindError("folder_unusable", `the model folder ${folder} cannot be read`, {
      cause,
      hint: "give a folder that holds <model>/<version>/model.onnx",
    });
  });
  if (names.length <= mostModels) return names.filter((name) => !name.startsWith("."));
  throw new TradewindError(
    "folder_unusable",
    `the model folder ${folder} has more than ${mostModels} entries`,
  );
}

/** Nothing where a folder has neither a version nor a `model.yaml`: it holds something else. */
async function listModel(root: string, name: string): Promise<ModelListing | undefined> {
  const folder = join(root, name);
  const entries = await namesIn(folder, mostEntries).catch((): string[] => []);
  const numbers = entries.filter(isVersion).sort(byVersion);
  const yaml = entries.includes("model.yaml") ? await factsOf(folder, "model.yaml") : undefined;
  const settings = yaml && stampOf([yaml]);
  const broken = (problem: string): ModelListing => ({ name: shown(name), versions: [], settings, problem });
  if (numbers.length > mostVersions) return broken(`it has more than ${mostVersions} versions`);
  const versions: VersionListing[] = [];
  try {
    for (const version of numbers) {
      const files = await filesOfVersion(join(folder, version), `version ${version}`);
      if (files) versions.push(versionOf(version, files));
    }
  } catch (error) {
    if (error instanceof TradewindError) return broken(error.message);
    throw error;
  }
  if (versions.length === 0 && !settings) return undefined;
  if (!isModelName(name)) return broken(nameRule);
  return versions.length === 0 ? broken(noVersion) : { name, versions, settings };
}

async function fetchVersion(
  { folder, copy, maxBytes = defaultMaxBytes }: FolderSourceOptions,
  cache: VersionCache,
  model: string,
  { version, stamp, files: listed }: VersionListing,
  { pins, signal }: FetchOptions,
): Promise<FetchedModel> {
  const what = `version ${version} of model '${model}'`;
  const at = join(folder, model, version);
  await refuseChanged(at, stamp, what);
  const pinned = pins !== undefined || listed.some(({ path }) => path === sidecar);
  if (copy === "pinned" && !pinned) return inPlace({ name: model, version, path: join(at, "model.onnx") });
  const files = chooseFiles(what, listed, pins);
  refuseTooMuch(what, files, maxBytes);
  const held = await cache.hold(
    { model, version, stamp: JSON.stringify([stamp, pins]) },
    {
      fill: async (staging) => {
        await copyFiles(at, staging, files, signal);
        await refuseChanged(at, stamp, what);
      },
      verify: (copied) => verifyFiles(copied, { what, files, pins, signal }),
    },
  );
  return heldModel(held, { model, version });
}

/** Whoever still writes these files is waited for until the next look. */
async function refuseChanged(folder: string, stamp: string, what: string): Promise<void> {
  if (stampOf((await filesOfVersion(folder, what)) ?? []) === stamp) return;
  throw new TradewindError("model_not_ready", `${what} is being changed`, {
    hint: "load it again in a while",
  });
}

function inPlace(file: FetchedModel["file"]): FetchedModel {
  return { file, [Symbol.asyncDispose]: async () => {} };
}

async function copyFiles(
  from: string,
  to: string,
  files: readonly FileFacts[],
  signal: AbortSignal,
): Promise<void> {
  for (const { path } of files) {
    signal.throwIfAborted();
    await mkdir(dirname(join(to, path)), { recursive: true });
    await copyFile(join(from, path), join(to, path), constants.COPYFILE_FICLONE);
  }
}
