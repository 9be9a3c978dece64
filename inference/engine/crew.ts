import type { Clock } from "#infra/runtime/clock.ts";
import { openSessionThread, type SessionThread, type ThreadOptions } from "./session-thread.ts";

export type CrewOptions = ThreadOptions & {
  readonly clock: Clock;
  /** A thread has nothing to do. */
  readonly onIdle: () => void;
  /** Nothing is alive or being loaded, after several deaths in a row. */
  readonly onLost: () => void;
};

/** So many deaths, each within the calm of the one before, and the next replacement waits. */
const deathsInARow = 3;
const calmMs = 60_000;
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/**
 * The threads of one model. Each is IDLE, or BUSY from `take()` to `giveBack()`, until it dies; then its place is being
 * LOADED again, at once or, when deaths follow each other, WAITED for; and it is given up when none is left to go on.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #alive = new Set<SessionThread>();
  readonly #idle: SessionThread[] = [];
  readonly #replacing = new Set<Promise<void>>();
  readonly #hurried = new AbortController();
  #closed = false;
  #loading = 0;
  #deaths = 0;
  #lastDeath = 0;

  constructor(options: CrewOptions) {
    this.#options = options;
  }

  get alive(): number {
    return this.#alive.size;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Replacements under way; each ends by itself. */
  get replacing(): ReadonlySet<Promise<void>> {
    return this.#replacing;
  }

  adopt(thread: SessionThread): void {
    this.#alive.add(thread);
    void thread.ended.then(() => this.#bury(thread));
    this.giveBack(thread);
  }

  /** The thread used last: it is still warm in its core's cache. */
  take(): SessionThread | undefined {
    return this.#idle.pop();
  }

  giveBack(thread: SessionThread): void {
    if (this.#alive.has(thread)) this.#idle.push(thread);
    this.#options.onIdle();
  }

  /** From now on a replacement happens at once or never. */
  hurry(): void {
    this.#hurried.abort();
  }

  /** To be called when none is busy and none is being replaced. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#alive].map((thread) => thread.close()));
  }

  #bury(dead: SessionThread): void {
    this.#alive.delete(dead);
    const place = this.#idle.indexOf(dead);
    if (place >= 0) this.#idle.splice(place, 1);
    if (this.#closed) return;
    const replacing = this.#replace().finally(() => this.#replacing.delete(replacing));
    this.#replacing.add(replacing);
  }

  /** A load that fails counts as one more death: memory, or the file, may be back later. */
  async #replace(): Promise<void> {
    const { clock, onLost } = this.#options;
    const { signal } = this.#hurried;
    do {
      const delayMs = this.#countDeath();
      if (delayMs > 0) {
        if (this.#alive.size === 0 && this.#loading === 0) return onLost();
        await clock.sleep(delayMs, { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    } while (!(await this.#load()));
  }

  /** How long to wait before the next replacement. */
  #countDeath(): number {
    const now = this.#options.clock.elapsed();
    this.#deaths = now - this.#lastDeath > calmMs ? 1 : this.#deaths + 1;
    this.#lastDeath = now;
    const tooMany = this.#deaths - deathsInARow;
    return tooMany < 0 ? 0 : Math.min(firstDelayMs * 2 ** tooMany, longestDelayMs);
  }

  async #load(): Promise<boolean> {
    this.#loading += 1;
    try {
      this.adopt(await openSessionThread(this.#options));
      return true;
    } catch {
      return false;
    } finally {
      this.#loading -= 1;
    }
  }
}
