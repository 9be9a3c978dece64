import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BlobEntry, BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { mostText } from "#infra/runtime/config/most-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { chooseFiles, refuseTooMuch, versionOf } from "./file-facts.ts";
import { byVersion, isFilePath, isModelName, isVersion, nameRule, noVersion, shown } from "./model-name.ts";
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

export type BlobSourceOptions = {
  /** Holds `<model>/<version>/model.onnx` and `<model>/model.yaml`. */
  readonly blobs: Pick<BlobStore, "list" | "read" | "download">;
  /** A folder of this process alone. What it held when the process ended, the next one finds there. */
  readonly cache: string;
  /** Of one version. */
  readonly maxBytes?: number;
};

export function openBlobSource(options: BlobSourceOptions): ModelSource {
  const { blobs } = options;
  const cache = openVersionCache(options.cache, { keep: true });
  return {
    list: async ({ signal, model }) => {
      if (model !== undefined && !isModelName(model)) return [];
      const found = gather(await blobs.list(model === undefined ? "" : `${model}/`, { signal }));
      const listings = [...found].flatMap(([name, contents]) => listingOf(name, contents) ?? []);
      if (listings.length > mostModels) throw tooMany();
      return listings;
    },
    readSettings: async ({ name, settings }, { signal }) => {
      const file = `${name}/model.yaml`;
      const version = settings === undefined ? {} : { version: settings };
      const { bytes } = await blobs.read(file, { signal, maxBytes: mostText, ...version });
      return { text: Buffer.from(bytes).toString("utf8"), file };
    },
    fetch: (model, version, fetching) => fetchVersion(options, cache, model, version, fetching),
    tidy: () => cache.tidy(),
  };
}

type Contents = { settings: string | undefined; readonly versions: Map<string, FileFacts[]> };

/** What lies where a model, a version or a `model.yaml` would; anything else in the store is nobody's concern here. */
function gather(entries: readonly BlobEntry[]): Map<string, Contents> {
  const models = new Map<string, Contents>();
  for (const { key, bytes, version: mark } of entries) {
    const [name = "", second = "", ...rest] = key.split("/");
    const path = rest.join("/");
    const isFile = isVersion(second) && isFilePath(path);
    if (!isFile && !(second === "model.yaml" && rest.length === 0)) continue;
    const model = models.get(name) ?? { settings: undefined, versions: new Map<string, FileFacts[]>() };
    models.set(name, model);
    if (!isFile) {
      model.settings = mark;
      continue;
    }
    const files = model.versions.get(second) ?? [];
    model.versions.set(second, files);
    files.push({ path, bytes, mark });
  }
  return models;
}

/** Nothing where there is neither a version nor a `model.yaml`: something else lies there. */
function listingOf(name: string, { settings, versions }: Contents): ModelListing | undefined {
  const broken = (problem: string): ModelListing => ({ name: shown(name), versions: [], settings, problem });
  const whole = [...versions].filter(([, files]) => files.some(({ path }) => path === "model.onnx"));
  if (whole.length === 0 && settings === undefined) return undefined;
  if (!isModelName(name)) return broken(nameRule);
  if (whole.length === 0) return broken(noVersion);
  if (whole.length > mostVersions) return broken(`it has more than ${mostVersions} versions`);
  const listed = whole.map(([version, files]) => versionOf(version, files));
  return { name, versions: listed.sort((one, other) => byVersion(one.version, other.version)), settings };
}

async function fetchVersion(
  { blobs, maxBytes = defaultMaxBytes }: BlobSourceOptions,
  cache: VersionCache,
  model: string,
  { version, stamp, files: listed }: VersionListing,
  { pins, signal }: FetchOptions,
): Promise<FetchedModel> {
  const what = `version ${version} of model '${model}'`;
  const files = chooseFiles(what, listed, pins);
  refuseTooMuch(what, files, maxBytes);
  const held = await cache.hold(
    { model, version, stamp: JSON.stringify([stamp, pins]) },
    {
      fill: async (folder) => {
        for (const file of files)
          await downloadFile(blobs, `${model}/${version}/${file.path}`, folder, file, signal);
      },
      verify: (folder) => verifyFiles(folder, { what, files, pins, signal }),
    },
  );
  return heldModel(held, { model, version });
}

/** The object of the listing and no other: one that was replaced since is gone, and the next listing names the new one. */
async function downloadFile(
  blobs: BlobSourceOptions["blobs"],
  key: string,
  folder: string,
  { path, bytes, mark }: FileFacts,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await blobs.download(key, join(folder, path), { signal, maxBytes: bytes, version: mark });
}

function tooMany(): TradewindError {
  return new TradewindError("folder_unusable", `the model store has more than ${mostModels} models`);
}
