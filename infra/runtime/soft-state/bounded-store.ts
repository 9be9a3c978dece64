import type { Clock } from "../clock.ts";

export type StoredEntry<Value> = {
  readonly value: Value;
  readonly expiresAt: number;
  /** What it cost when it was stored, so that a value that changes since is still given back in full. */
  readonly bytes: number;
};

export type Expiry = { readonly ttlMs: number } | { readonly expiresAt: number };

export type BoundedStoreOptions<Value> = {
  readonly clock: Clock;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly weigh: (value: Value) => number;
};

/** What a map, an entry object and a key string cost beside their bytes; without it a million tiny keys would look free. */
const entryBytes = 200;

/** Twice what a write can add, so that expired entries go faster than new ones come. */
const sweptPerWrite = 2;

/** Values by key, least recently used first out. Expiry is exact when read; a few entries a write are swept, with no timer. */
export class BoundedStore<Value> {
  readonly #options: BoundedStoreOptions<Value>;
  /** In order of use: a Map iterates in order of insertion, and each use inserts anew. */
  readonly #entries = new Map<string, StoredEntry<Value>>();
  #bytes = 0;
  #sweeper = this.#entries.entries();

  constructor(options: BoundedStoreOptions<Value>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): StoredEntry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (this.#expired(entry)) {
      this.#remove(key, entry);
      return undefined;
    }
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, value: Value, expiry: Expiry): void {
    const before = this.#entries.get(key);
    if (before) this.#remove(key, before);
    const expiresAt = "expiresAt" in expiry ? expiry.expiresAt : this.#options.clock.elapsed() + expiry.ttlMs;
    const bytes = key.length * 2 + this.#options.weigh(value) + entryBytes;
    this.#entries.set(key, { value, expiresAt, bytes });
    this.#bytes += bytes;
    this.#sweep();
    this.#evict();
  }

  delete(key: string): boolean {
    const entry = this.get(key);
    if (entry) this.#remove(key, entry);
    return entry !== undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #sweep(): void {
    for (let left = sweptPerWrite; left > 0; left -= 1) {
      const { done, value } = this.#sweeper.next();
      // A finished iterator stays finished, so the next round needs a new one.
      if (done) this.#sweeper = this.#entries.entries();
      else if (this.#expired(value[1])) this.#remove(value[0], value[1]);
    }
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#options.maxEntries && this.#bytes <= this.#options.maxBytes) return;
      this.#remove(key, entry);
    }
  }

  #remove(key: string, entry: StoredEntry<Value>): void {
    if (this.#entries.delete(key)) this.#bytes -= entry.bytes;
  }

  #expired({ expiresAt }: StoredEntry<Value>): boolean {
    return this.#options.clock.elapsed() >= expiresAt;
  }
}
