import type { Clock } from "#infra/runtime/clock.ts";
import type { CacheKey } from "./cache-key.ts";
import type { CachedAnswer } from "./cached-answer.ts";

export type MemoryTierOptions = {
  readonly clock: Clock;
  readonly maxBytes?: number;
  readonly maxEntries?: number;
};

/** What a map's slot, the node, the answer object and the heads of its strings take beside the text. */
const nodeBytes = 500;

/** Twice what a write can add, so that what has ended at the far end goes faster than it comes. */
const sweptPerWrite = 2;

type Node = {
  readonly name: string;
  readonly tag: string;
  readonly answer: CachedAnswer;
  readonly bytes: number;
  newer: Node | undefined;
  older: Node | undefined;
};

/**
 * States of an answer in it: kept, and with each use the newest -> gone, because its time is over, because others were
 * used since and there is no more room, or because another took its place. A list by use beside the map, since finding
 * the oldest of a map that is deleted from takes longer the more was deleted.
 */
export class MemoryTier {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  readonly #nodes = new Map<string, Node>();
  #newest: Node | undefined;
  #oldest: Node | undefined;
  #bytes = 0;

  constructor({ clock, maxBytes = 64 * 1_048_576, maxEntries = 100_000 }: MemoryTierOptions) {
    this.#clock = clock;
    this.#maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#nodes.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Fresh or stale, but never one whose time is over, nor another tenant's. */
  get({ tag, name }: CacheKey): CachedAnswer | undefined {
    const node = this.#nodes.get(name);
    if (node === undefined || node.tag !== tag) return undefined;
    if (this.#ended(node)) {
      this.#remove(node);
      return undefined;
    }
    if (node !== this.#newest) {
      this.#unlink(node);
      this.#link(node);
    }
    return node.answer;
  }

  set({ tag, name }: CacheKey, answer: CachedAnswer): void {
    const before = this.#nodes.get(name);
    if (before) this.#remove(before);
    const bytes = weigh(tag, answer);
    const node: Node = { name, tag, answer, bytes, newer: undefined, older: undefined };
    if (bytes > this.#maxBytes || this.#ended(node)) return;
    this.#nodes.set(name, node);
    this.#bytes += bytes;
    this.#link(node);
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (let left = sweptPerWrite; left > 0 && this.#oldest && this.#ended(this.#oldest); left -= 1)
      this.#remove(this.#oldest);
    while (this.#oldest && (this.#bytes > this.#maxBytes || this.#nodes.size > this.#maxEntries))
      this.#remove(this.#oldest);
  }

  #remove(node: Node): void {
    this.#nodes.delete(node.name);
    this.#bytes -= node.bytes;
    this.#unlink(node);
  }

  #link(node: Node): void {
    node.newer = undefined;
    node.older = this.#newest;
    if (this.#newest) this.#newest.newer = node;
    else this.#oldest = node;
    this.#newest = node;
  }

  #unlink({ newer, older }: Node): void {
    if (newer) newer.older = older;
    else this.#newest = older;
    if (older) older.newer = newer;
    else this.#oldest = newer;
  }

  #ended({ answer }: Node): boolean {
    return this.#clock.now() >= answer.staleUntil;
  }
}

function weigh(tag: string, { core, model, version, precision, backend }: CachedAnswer): number {
  const names = tag.length + model.length + version.length + precision.length + backend.length;
  return nodeBytes + 2 * names + textBytes(core);
}

/** Plain ASCII lies in memory with one byte a character, all else at worst with two. */
function textBytes(text: string): number {
  return Buffer.byteLength(text) === text.length ? text.length : 2 * text.length;
}
