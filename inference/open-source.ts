import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseBlobUrl } from "#infra/runtime/blobs/blob-url.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { type Clock, systemClock } from "#infra/runtime/clock.ts";
import { makeFolder } from "#infra/runtime/make-folder.ts";
import { openBlobSource } from "./models/repository/blob-source.ts";
import { openFileSource } from "./models/repository/file-source.ts";
import { openFolderSource } from "./models/repository/folder-source.ts";
import type { Control } from "./models/repository/model-repository.ts";
import type { ModelSource } from "./models/repository/model-source.ts";
import type { UpstreamModel } from "./models/upstream/to-model.ts";
import { openUpstreamSource } from "./models/upstream/upstream-source.ts";
import type { PassedOver } from "./models/upstream.ts";

/** Where models come from, as an operator says it. */
export type ModelPlace =
  | { readonly kind: "file"; readonly path: string }
  /** A folder, or the address of a bucket. */
  | { readonly kind: "repository"; readonly url: string; readonly cache: string | undefined }
  /** A server that computes them; undefined models are all that it says are ready. */
  | {
      readonly kind: "upstream";
      readonly url: string;
      readonly models: readonly string[] | undefined;
      /** A folder of `<model>/model.yaml`. */
      readonly settings: string | undefined;
    };

export type OpenSourceOptions = {
  readonly control: Control;
  readonly clock?: Clock;
  /** Told of models of an upstream server that cannot be served, whenever that changes. */
  readonly onPassedOver?: (models: readonly PassedOver[]) => void;
};

export type OpenedSource = ModelSource &
  AsyncDisposable & {
    /** Where another server computes the models: the one that was fetched last under a name. */
    readonly upstream?: { readonly url: string; readonly fetched: (name: string) => UpstreamModel };
  };

/** Opens where models come from, with a private folder for what must be copied or fetched first. */
export async function openSource(
  place: ModelPlace,
  { control, clock = systemClock, onPassedOver = () => {} }: OpenSourceOptions,
): Promise<OpenedSource> {
  if (place.kind === "file") return disposing(await openFileSource(place.path), new AsyncDisposableStack());
  if (place.kind === "upstream") {
    const source = await openUpstreamSource({ ...place, clock, onPassedOver });
    const { url } = place;
    const upstream = { url, fetched: source.fetched };
    return { ...disposing(source, new AsyncDisposableStack()), upstream };
  }
  await using stack = new AsyncDisposableStack();
  const cache = await openCache(place.cache, stack);
  // Who changes the folder while the process runs gets its files copied; otherwise they are loaded where they lie.
  const copy = control.mode === "none" ? "pinned" : "all";
  const source = isBucket(place.url)
    ? openBlobSource({ blobs: stack.use(await openBlobs(place.url)), cache })
    : openFolderSource({ folder: folderOf(place.url), cache, copy });
  return disposing(source, stack.move());
}

function isBucket(url: string): boolean {
  return /^(s3|gs|az):\/\//i.test(url);
}

function folderOf(url: string): string {
  const place = parseBlobUrl(url);
  return place.kind === "folder" ? place.path : url;
}

/** A folder that was named is kept for the next start; one of our own goes with the process. */
async function openCache(named: string | undefined, stack: AsyncDisposableStack): Promise<string> {
  if (named !== undefined) {
    await makeFolder(named);
    return named;
  }
  const own = await mkdtemp(join(tmpdir(), "tradewind-models-"));
  stack.defer(() => rm(own, { recursive: true, force: true }));
  return own;
}

function disposing(source: ModelSource, stack: AsyncDisposableStack): ModelSource & AsyncDisposable {
  return { ...source, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
