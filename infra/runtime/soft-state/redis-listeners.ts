import type { Cluster, Redis } from "ioredis";
import { type Heard, tell } from "./listeners.ts";
import type { Listener, Unsubscribe } from "./soft-state.ts";

export type RedisListeners = {
  readonly add: (channel: string, listener: Listener) => Promise<Unsubscribe>;
  readonly close: () => Promise<void>;
};

type Channels = Map<string, Set<Heard>>;
type Client = Redis | Cluster;

/** Listens on a connection of its own, opened with the first listener, so that messages never stand before answers. */
export function createRedisListeners(open: () => Client): RedisListeners {
  const channels: Channels = new Map();
  let connection: Promise<Client> | undefined;
  return {
    add: async (channel, listener) => {
      connection ??= connect(open(), channels);
      const subscriber = await connection;
      const entry = { hear: listener };
      // Entered before the server knows, so that a listener who leaves at the same time doesn't end the channel under it.
      channels.set(channel, (channels.get(channel) ?? new Set()).add(entry));
      const unsubscribe = (): Promise<void> => remove(subscriber, channels, channel, entry);
      try {
        await subscriber.subscribe(channel);
        return unsubscribe;
      } catch (error) {
        await unsubscribe();
        throw error;
      }
    },
    close: async () => {
      const subscriber = await connection;
      channels.clear();
      subscriber?.disconnect();
    },
  };
}

async function connect(subscriber: Client, channels: Channels): Promise<Client> {
  subscriber.on("error", () => {
    // The calls on this connection say it; without a listener the library would print it.
  });
  subscriber.on("message", (channel: string, message: string) => tell(channels.get(channel), message));
  subscriber.on("ready", () => {
    if (channels.size === 0) return;
    // Half a subscription would be silence that looks like peace: begin the connection anew.
    subscriber.subscribe(...channels.keys()).catch(() => subscriber.disconnect(true));
  });
  await subscriber.connect().catch(() => undefined);
  return subscriber;
}

async function remove(subscriber: Client, channels: Channels, channel: string, entry: Heard): Promise<void> {
  const listeners = channels.get(channel);
  if (!listeners?.delete(entry) || listeners.size > 0) return;
  channels.delete(channel);
  // Nobody hears it any more either way; a connection that is away will not ask for this channel again.
  await subscriber.unsubscribe(channel).catch(() => undefined);
}
