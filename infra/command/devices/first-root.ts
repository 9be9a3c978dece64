import { hash } from "node:crypto";
import { open } from "node:fs/promises";
import { readRoot } from "#gateway/repository/lists.ts";
import { openBlobs } from "#infra/runtime/blobs/open-blobs.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { DeviceFlags } from "./device-flags.ts";

const mostBytes = 512_000;

/**
 * The first root's fingerprint, for the end of a token: a device that has no root yet takes the one that it is given only
 * with this, so that whoever stands between it and the gateway cannot give it another. Undefined where no flag says.
 */
export async function fingerprintOfRoot(
  { root, store }: Pick<DeviceFlags, "root" | "store">,
  { signal }: { readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (root === undefined && store === undefined) return undefined;
  const bytes = root === undefined ? await fromStore(store ?? "", signal) : await fromFile(root);
  const { version } = readRoot(bytes).signed;
  if (version === 1) return hash("sha256", bytes, "base64url");
  throw new TradewindError(
    "parameter_invalid",
    `this is the root's version ${version}, a device begins with 1`,
  );
}

async function fromStore(url: string, signal: AbortSignal): Promise<Uint8Array> {
  await using store = await openBlobs(url);
  return (await store.read("metadata/1.root.json", { maxBytes: mostBytes, signal })).bytes;
}

async function fromFile(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, "r");
    const { size } = await file.stat();
    if (size <= mostBytes) return await file.readFile();
  } catch (cause) {
    throw new TradewindError("folder_unusable", `the root in ${path} cannot be read`, { cause });
  }
  throw new TradewindError("parameter_invalid", `${path} is too large to be a root`);
}
