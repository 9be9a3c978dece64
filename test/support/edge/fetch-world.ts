import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FetchFileOptions } from "#edge/fetch/fetch-file.ts";
import { type OpenOrigin, type OriginOptions, openOrigin } from "#edge/fetch/open-origin.ts";
import { openDisk } from "#edge/store/open-disk.ts";
import { blocksOf } from "#inference/artefacts/blocks.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { type BadOrigin, startBadOrigin } from "./bad-origin.ts";
import { listed, noise } from "./fetched.ts";

/** A server with one file, a folder for it, and the way between them. */
export type FetchWorld = AsyncDisposable & {
  readonly origin: BadOrigin;
  readonly content: Buffer;
  readonly file: ReturnType<typeof listed>;
  /** Where the file comes to lie. */
  readonly part: string;
  readonly opened: (more?: Partial<OriginOptions>) => OpenOrigin;
  readonly wanted: (more: Partial<FetchFileOptions> & Pick<FetchFileOptions, "origins">) => FetchFileOptions;
  /** Gives the part its name, and says whether it is the file. */
  readonly isFetched: () => Promise<boolean>;
  /** What a process that is to fetch it must know. */
  readonly writeListing: () => Promise<string>;
};

const content = noise(3 * 1_048_576 + 17);
const file = listed(content);

export async function openFetchWorld(): Promise<FetchWorld> {
  const folder = await mkdtemp(join(tmpdir(), "fetch-"));
  const origin = await startBadOrigin();
  origin.files.set(file.address, content);
  const part = join(folder, "models/x.part");
  return {
    ...{ origin, content, file, part },
    opened: (more = {}) => {
      const stall = { ms: 300, bytesPerSecond: 1_024 };
      return openOrigin({ url: origin.url, kind: "gateway", clock: systemClock, stall, ...more });
    },
    wanted: (more) => ({
      ...{ file, blocks: blocksOf(content), fs: openDisk(), part },
      ...{ clock: systemClock, chance: { number: () => 0.5 }, backoff: { baseMs: 5, mostMs: 20 } },
      signal: new AbortController().signal,
      ...more,
    }),
    isFetched: async () => {
      await rename(part, join(folder, "models/x"));
      return content.equals(await readFile(join(folder, "models/x")));
    },
    writeListing: async () => {
      const listing = join(folder, "listing.json");
      const blocks = Buffer.from(blocksOf(content)).toString("base64");
      await writeFile(listing, JSON.stringify({ file, blocks }));
      return listing;
    },
    [Symbol.asyncDispose]: async () => {
      await origin[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
