import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BaseFetcher, Updater } from "tuf-js";
import { DownloadHTTPError } from "tuf-js/dist/error.js";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";

export type TufReader = Disposable & {
  /** Looks for newer lists, and keeps what holds from one time to the next. */
  readonly refresh: () => Promise<void>;
  /** The bytes of a file that signed lists name; undefined where none does. */
  readonly download: (path: string) => Promise<Uint8Array | undefined>;
};

/** The specification's own client, over the blobs of a store: a device that knows nothing but the first root. */
export function createTufReader(store: BlobStore, firstRoot: Uint8Array): TufReader {
  const folder = mkdtempSync(join(tmpdir(), "tuf-reader-"));
  const targetDir = join(folder, "files");
  mkdirSync(targetDir);
  writeFileSync(join(folder, "root.json"), firstRoot);
  const updater = (): Updater =>
    new Updater({
      ...{ metadataDir: folder, targetDir, fetcher: new BlobFetcher(store) },
      ...{ metadataBaseUrl: "http://blobs/metadata", targetBaseUrl: "http://blobs/targets" },
    });
  let current: Updater | undefined;
  return {
    refresh: async () => {
      current = updater();
      await current.refresh();
    },
    download: async (path) => {
      current ??= updater();
      const info = await current.getTargetInfo(path);
      return info && readFileSync(await current.downloadTarget(info));
    },
    [Symbol.dispose]: () => {
      if (existsSync(folder)) rmSync(folder, { recursive: true });
    },
  };
}

class BlobFetcher extends BaseFetcher {
  readonly #store: BlobStore;

  constructor(store: BlobStore) {
    super();
    this.#store = store;
  }

  async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const key = new URL(url).pathname.slice(1);
    const signal = new AbortController().signal;
    try {
      const { bytes } = await this.#store.read(key, { maxBytes: 10_000_000, signal });
      return ReadableStream.from([Uint8Array.from(bytes)]);
    } catch (error) {
      if (asTradewindError(error).code !== "blob_missing") throw error;
      throw new DownloadHTTPError("missing", 404);
    }
  }
}
