import type { Redis, RedisOptions } from "ioredis";
import { type Chance, systemChance } from "../chance.ts";
import { TradewindError } from "../errors.ts";
import { withoutCredentials } from "../secret.ts";
import { answerEach } from "./answer-each.ts";
import { createRedisGuard } from "./redis-guard.ts";
import { createRedisListeners } from "./redis-listeners.ts";
import { queueOperation, type Reply, readReply } from "./redis-operations.ts";
import { checkMessage, checkName, checkOperations } from "./soft-limits.ts";
import type { SoftOperation, SoftState } from "./soft-state.ts";

export type InRedisOptions = {
  /** `redis://` or `rediss://`, with user and password where the server wants them. */
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
  checkUrl(url);
  // Loaded here, since a process that keeps its soft state in memory never needs it.
  const { Redis } = await import("ioredis");
  const redis = new Redis(url, connectionOptions({ chance, timeoutMs, connectTimeoutMs }));
  const guard = createRedisGuard({
    redis,
    where: withoutCredentials(url),
    maxCalls,
    closed: () => closing !== undefined,
  });
  const listeners = createRedisListeners(redis);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= Promise.all([listeners.close(), leave(redis)]).then(() => undefined);
    return closing;
  };
  await redis.connect().catch(() => undefined);
  return {
    apply: <const Operations extends readonly SoftOperation[]>(
      operations: Operations,
      { signal }: { readonly signal?: AbortSignal } = {},
    ) =>
      guard(signal, async () => {
        checkOperations(operations);
        const replies = await roundTrip(redis, keyPrefix, operations);
        return answerEach(operations, (operation, place) => readReply(operation, replies[place]));
      }),
    publish: (channel, message, { signal } = {}) =>
      guard(signal, async () => {
        checkMessage(channel, message);
        await redis.publish(keyPrefix + channel, message);
      }),
    subscribe: (channel, listener, { signal } = {}) =>
      guard(signal, async () => {
        checkName("channel", channel);
        const unsubscribe = await listeners.add(keyPrefix + channel, listener);
        // The caller left meanwhile and will never hold the way to stop it.
        if (signal?.aborted) await unsubscribe();
        return unsubscribe;
      }),
    ping: ({ signal } = {}) =>
      guard(signal, async () => {
        await redis.ping();
      }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function roundTrip(
  redis: Redis,
  keyPrefix: string,
  operations: readonly SoftOperation[],
): Promise<readonly Reply[]> {
  if (operations.length === 0) return [];
  const pipeline = redis.pipeline();
  for (const operation of operations) queueOperation(pipeline, keyPrefix + operation.key, operation);
  return (await pipeline.exec()) ?? [];
}

type ConnectionOptions = Required<Pick<InRedisOptions, "chance" | "timeoutMs" | "connectTimeoutMs">>;

function connectionOptions({ chance, timeoutMs, connectTimeoutMs }: ConnectionOptions) {
  return {
    commandTimeout: timeoutMs,
    connectTimeout: connectTimeoutMs,
    // A connection that says nothing for this long is dead, though nobody closed it: begin a new one.
    socketTimeout: Math.max(1_000, 4 * timeoutMs),
    lazyConnect: true,
    enableOfflineQueue: false,
    // An increment whose answer was lost must not be counted twice.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: false,
    disableClientInfo: true,
    // Spread over half the delay, so that a fleet that lost its Redis together doesn't come back together.
    retryStrategy: (times: number) =>
      Math.min(2_000, 25 * 2 ** Math.min(times, 10)) * (0.5 + chance.number() / 2),
  } satisfies RedisOptions;
}

async function leave(redis: Redis): Promise<void> {
  await redis.quit().catch(() => undefined);
  redis.disconnect();
}

function checkUrl(url: string): void {
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: "no" };
  if (protocol === "redis:" || protocol === "rediss:") return;
  const got = protocol === "no" ? "something that is no URL" : `${protocol}//`;
  throw new TradewindError(
    "config_invalid",
    `the address of Redis begins with redis:// or rediss://, got ${got}`,
  );
}
