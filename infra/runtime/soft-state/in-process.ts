import { type Clock, systemClock } from "../clock.ts";
import { TradewindError } from "../errors.ts";
import { admit, type Shelf } from "./admit-in-process.ts";
import { BoundedStore } from "./bounded-store.ts";
import { checkOperations } from "./check-operations.ts";
import { nameKey } from "./key-name.ts";
import { type Heard, tell } from "./listeners.ts";
import { pairAnswers } from "./pair-answers.ts";
import { checkMessage, checkName } from "./soft-limits.ts";
import type {
  IncrementOperation,
  SetOperation,
  SettleOperation,
  SoftOperation,
  SoftResult,
  SoftState,
} from "./soft-state.ts";
import { asBytes, asCount, mustCount, mustHoldPlaces, type Stored, weigh } from "./stored.ts";

export type InProcessOptions = {
  readonly clock?: Clock;
  readonly maxEntries?: number;
  /** Of keys and values together, with what each entry costs beside them. */
  readonly maxBytes?: number;
};

/**
 * The same contract without Redis, for one process: its peers see nothing of it and a restart forgets it. Limits and values
 * share one bounded memory, and what was used longest ago goes first: a bound that is in use stays.
 */
export function createSoftStateInProcess(options: InProcessOptions = {}): SoftState {
  const { clock = systemClock, maxEntries = 100_000, maxBytes = 64 * 1_048_576 } = options;
  const store = new BoundedStore<Stored>({ clock, maxEntries, maxBytes, weigh });
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
      return pairAnswers(
        operations,
        operations.map((operation) => applyOne(store, clock, operation)),
      );
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

function applyOne(store: BoundedStore<Stored>, clock: Clock, operation: SoftOperation): SoftResult {
  const key = operation.kind === "admit" ? "" : nameKey("", operation.tag, operation.key);
  switch (operation.kind) {
    case "get":
      return asBytes(store.get(key)?.value);
    case "set":
      return set(store, key, operation);
    case "delete":
      return store.delete(key);
    case "increment":
      return increment(store, key, operation);
    case "admit":
      return admit(shelfOf(store, clock, operation.tag), operation);
    case "leave":
      return leave(store, key, operation.member);
    case "settle":
      return settle(store, key, operation);
    case "release":
      return release(store, key, operation.token);
  }
}

function set(
  store: BoundedStore<Stored>,
  key: string,
  { value, ttlMs, onlyIfAbsent = false }: SetOperation,
): boolean {
  if (onlyIfAbsent && store.get(key)) return false;
  store.set(key, typeof value === "string" ? new TextEncoder().encode(value) : value.slice(), { ttlMs });
  return true;
}

function increment(store: BoundedStore<Stored>, key: string, { by, ttlMs }: IncrementOperation): number {
  const born = store.get(key);
  const count = (born ? mustCount(born.value) : 0) + by;
  store.set(key, count, born ? { expiresAt: born.expiresAt } : { ttlMs });
  return count;
}

function shelfOf(store: BoundedStore<Stored>, clock: Clock, tag: string): Shelf {
  return { store, now: Math.floor(clock.elapsed() * 1_000), name: (key) => nameKey("", tag, key) };
}

function leave(store: BoundedStore<Stored>, key: string, member: string): boolean {
  return mustHoldPlaces(store.get(key)?.value)?.leave(member) ?? false;
}

function settle(store: BoundedStore<Stored>, receipt: string, { tag, spent }: SettleOperation): boolean {
  const charges = chargesOn(store.get(receipt)?.value);
  if (!charges) return false;
  store.delete(receipt);
  for (const [place, { key, amount }] of spent.entries()) {
    const [name, charged] = [nameKey("", tag, key), charges[place]];
    const born = store.get(name);
    const count = asCount(born?.value);
    if (!born || count === undefined || charged === undefined) continue;
    store.set(name, count + amount - charged, { expiresAt: born.expiresAt });
  }
  return true;
}

function chargesOn(receipt: Stored | undefined): readonly number[] | undefined {
  const written = asBytes(receipt);
  return written && (Buffer.from(written).toString("latin1").match(/\d+/g) ?? []).map(Number);
}

function release(store: BoundedStore<Stored>, key: string, token: string): boolean {
  const held = store.get(key)?.value;
  if (!(held instanceof Uint8Array) || !Buffer.from(token).equals(held)) return false;
  return store.delete(key);
}
