import { refuseStrangers } from "./freshen.ts";
import { versionsInStore } from "./lists-in-store.ts";
import type { Call, Repository } from "./repository.ts";
import type { SigningKey } from "./signing-key.ts";
import { readRoots } from "./standing.ts";

/** Before anything is uploaded: a key that may not name it would be found out only when the lists lie there. */
export async function refuseWrongOnlineKey(
  repository: Repository,
  keys: readonly SigningKey[],
  call: Call,
): Promise<void> {
  if (keys.length === 0) return;
  const { root } = await readRoots(repository, await versionsInStore(repository, call), call);
  refuseStrangers(root, keys);
}
