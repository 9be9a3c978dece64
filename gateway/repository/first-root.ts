import { hash } from "node:crypto";
import type { BlobStore } from "#infra/runtime/blobs/blob-store.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { listKey } from "./list-names.ts";
import { readRoot } from "./lists.ts";
import { mostListBytes } from "./lists-in-store.ts";
import type { Call } from "./repository.ts";

/**
 * What a token's end says of the first root: a device that has no root yet takes the one that it is given only with this,
 * so that whoever stands between it and the gateway cannot give it another.
 */
export async function fingerprintInStore(store: Pick<BlobStore, "read">, { signal }: Call): Promise<string> {
  const { bytes } = await store.read(listKey({ role: "root", version: 1 }), {
    maxBytes: mostListBytes.root,
    signal,
  });
  return fingerprintOf(bytes);
}

export function fingerprintOf(firstRoot: Uint8Array): string {
  const { version } = readRoot(firstRoot).signed;
  if (version === 1) return hash("sha256", firstRoot, "base64url");
  throw new TradewindError(
    "parameter_invalid",
    `this is the root's version ${version}, a device begins with 1`,
  );
}
