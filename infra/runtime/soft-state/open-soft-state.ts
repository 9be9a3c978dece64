import { createSoftStateInProcess } from "./in-process.ts";
import { openSoftStateInRedis } from "./in-redis.ts";
import type { SoftState } from "./soft-state.ts";

/** In Redis where an address is given, else in this process: right for one gateway, not enough for two. */
export async function openSoftState({
  redisUrl,
}: {
  readonly redisUrl: string | undefined;
}): Promise<SoftState> {
  return redisUrl === undefined ? createSoftStateInProcess() : await openSoftStateInRedis({ url: redisUrl });
}
