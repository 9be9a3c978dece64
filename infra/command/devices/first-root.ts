import { open } from "node:fs/promises";
import { fingerprintInStore, fingerprintOf } from "#gateway/repository/first-root.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { DeviceFlags } from "./device-flags.ts";

const mostBytes = 512_000;

type Options = { readonly signal: AbortSignal };

/** The first root's fingerprint, for the end of a token; undefined where no flag says where it is. */
export async function fingerprintOfRoot(
  { root, store }: Pick<DeviceFlags, "root" | "store">,
  options: Options,
): Promise<string | undefined> {
  if (root !== undefined) return fingerprintOf(await readRootFile(root));
  return store === undefined ? undefined : await fingerprintAt(store, options);
}

export async function fingerprintAt(url: string, options: Options): Promise<string> {
  await using store = await openBlobs(url);
  return await fingerprintInStore(store, options);
}

async function readRootFile(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size <= mostBytes) return await file.readFile();
  } catch (cause) {
    throw new TradewindError("folder_unusable", `the root in ${path} cannot be read`, { cause });
  }
  throw new TradewindError("parameter_invalid", `${path} is too large to be a root`);
}
