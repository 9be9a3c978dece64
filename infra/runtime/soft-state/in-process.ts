import { type Clock, systemClock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import { answerEach } from "./answer-each.ts";
import { BoundedStore } from "./bounded-store.ts";
import { type Heard, tell } from "./listeners.ts";
import { checkMessage, checkName, checkOperations } from "./soft-limits.ts";
import type { IncrementOperation, SetOperation, SoftOperation, SoftResult, SoftState } from "./soft-state.ts";

export type InProcessOptions = {
  readonly clock?: Clock;
  readonly maxEntries?: number;
  /** Of keys and values together, with what each entry costs beside them. */
  readonly maxBytes?: number;
};

/** The same contract without Redis, for one process: its peers see nothing of it and a restart forgets it. */
export function createSoftStateInProcess(options: InProcessOptions = {}): SoftState {
  const { clock = systemClock, maxEntries = 100_000, maxBytes = 64 * 1_048_576 } = options;
  const store = new BoundedStore({ clock, maxEntries, maxBytes });
  const listeners = new Map<string, Set<Heard>>();
  let open = true;
  const enter = (signal: AbortSignal | undefined): void => {
    signal?.throwIfAborted();
    if (!open) throw new TradewindError("soft_state_unavailable", "the soft state is closed");
  };
  const close = async (): Promise<void> => {
    open = false;
    listeners.clear();
    store.clear();
  };
  return {
    apply: async <const Operations extends readonly SoftOperation[]>(
      operations: Operations,
      { signal }: { readonly signal?: AbortSignal } = {},
    ) => {
      enter(signal);
      checkOperations(operations);
      return answerEach(operations, (operation) => applyOne(store, operation));
    },
    publish: async (channel, message, { signal } = {}) => {
      enter(signal);
      checkMessage(channel, message);
      // Later, as over a network: a publisher must not run its listeners' code, nor wait for it.
      setImmediate(() => tell(listeners.get(channel), message));
    },
    subscribe: async (channel, listener, { signal } = {}) => {
      enter(signal);
      checkName("channel", channel);
      const heard = listeners.get(channel) ?? new Set();
      const entry = { hear: listener };
      listeners.set(channel, heard.add(entry));
      return async () => {
        heard.delete(entry);
        if (heard.size === 0 && listeners.get(channel) === heard) listeners.delete(channel);
      };
    },
    ping: async ({ signal } = {}) => enter(signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function applyOne(store: BoundedStore, operation: SoftOperation): SoftResult {
  switch (operation.kind) {
    case "get":
      // A copy, as a network would give: what the caller does to it is no business of the next reader.
      return store.get(operation.key)?.value.slice();
    case "set":
      return set(store, operation);
    case "delete":
      return store.delete(operation.key);
    case "increment":
      return increment(store, operation);
  }
}

function set(store: BoundedStore, { key, value, ttlMs, onlyIfAbsent = false }: SetOperation): boolean {
  if (onlyIfAbsent && store.get(key)) return false;
  store.set(key, typeof value === "string" ? new TextEncoder().encode(value) : value.slice(), { ttlMs });
  return true;
}

/** Counts are kept as text, as Redis keeps them, so that a get reads the same from both. */
function increment(store: BoundedStore, { key, by, ttlMs }: IncrementOperation): number {
  const born = store.get(key);
  const count = (born ? readCount(born.value) : 0) + by;
  const value = new TextEncoder().encode(String(count));
  store.set(key, value, born ? { expiresAt: born.expiresAt } : { ttlMs });
  return count;
}

function readCount(value: Uint8Array): number {
  const text = Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, 32)).toString("latin1");
  if (/^(0|-?[1-9]\d{0,15})$/.test(text)) return Number(text);
  throw new TradewindError(
    "soft_state_unavailable",
    "the soft state refused: the value to count is no number",
  );
}
