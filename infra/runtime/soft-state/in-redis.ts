import type { Cluster, Redis } from "ioredis";
import { type Chance, systemChance } from "../chance.ts";
import { TradewindError } from "../errors.ts";
import { checkOperations } from "./check-operations.ts";
import { pairAnswers } from "./pair-answers.ts";
import { readRedisAddress } from "./redis-address.ts";
import { createRedisClient } from "./redis-client.ts";
import { createRedisGuard } from "./redis-guard.ts";
import { createRedisListeners } from "./redis-listeners.ts";
import { createRoundTrip } from "./redis-round-trip.ts";
import { checkMessage, checkName } from "./soft-limits.ts";
import type { SoftOperation, SoftState } from "./soft-state.ts";

export type InRedisOptions = {
  /** `redis://`, `rediss://`, `redis-cluster://` or `rediss-cluster://`, as `readRedisAddress` says. */
  readonly url: string;
  readonly chance?: Chance;
  /** An answer later than this is worth less than going on without it. */
  readonly timeoutMs?: number;
  readonly connectTimeoutMs?: number;
  readonly keyPrefix?: string;
  /** Calls in hand at once; beyond it a slow server would fill the memory with waiting ones. */
  readonly maxCalls?: number;
};

/**
 * Opens the soft state in Redis. A server that is away is no reason to fail here: calls reject at once until it is back,
 * and the connection is sought again by itself, for as long as this is open.
 */
export async function openSoftStateInRedis(options: InRedisOptions): Promise<SoftState> {
  const { url, chance = systemChance, timeoutMs = 50, connectTimeoutMs = 1_000 } = options;
  const { keyPrefix = "tw:", maxCalls = 4_096 } = options;
  const address = readRedisAddress(url);
  checkPrefix(keyPrefix);
  const opened = await createRedisClient({ address, chance, timeoutMs, connectTimeoutMs });
  const { client } = opened;
  const closed = (): boolean => closing !== undefined;
  const guard = createRedisGuard({ client, where: address.where, maxCalls, timeoutMs, closed });
  const roundTrip = createRoundTrip({ ...opened, keyPrefix });
  const listeners = createRedisListeners(opened.another);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all([listeners.close(), leave(client)]).then(() => undefined);
    return closing;
  };
  await opened.connect();
  return {
    apply: <const Operations extends readonly SoftOperation[]>(
      operations: Operations,
      { signal }: { readonly signal?: AbortSignal } = {},
    ) =>
      guard(signal, async () => {
        checkOperations(operations);
        return pairAnswers(operations, await roundTrip(operations));
      }),
    publish: (channel, message, { signal } = {}) =>
      guard(signal, async () => {
        checkMessage(channel, message);
        await opened.publish(keyPrefix + channel, message);
      }),
    subscribe: (channel, listener, { signal } = {}) =>
      guard(signal, async () => {
        checkName("channel", channel);
        const unsubscribe = await listeners.add(keyPrefix + channel, listener);
        // The caller left meanwhile and will never hold the way to stop it.
        if (signal?.aborted) await unsubscribe();
        return unsubscribe;
      }),
    ping: ({ signal } = {}) => guard(signal, async () => void (await client.ping())),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function leave(client: Redis | Cluster): Promise<void> {
  await client.quit().catch(() => undefined);
  client.disconnect();
}

/** A brace there would stand before the tag's, and a cluster would look at it instead. */
function checkPrefix(keyPrefix: string): void {
  if (!/[{}]/.test(keyPrefix)) return;
  throw new TradewindError("internal", "a prefix of keys with a brace in it");
}
