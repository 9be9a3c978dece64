import type { Clock } from "#infra/runtime/clock.ts";
import type { Session } from "./session.ts";

export type CrewOptions = {
  readonly open: () => Promise<Session>;
  readonly clock: Clock;
  /** A session has nothing to do. */
  readonly onIdle: () => void;
  readonly onDeath: () => void;
  /** Nothing is alive or being loaded, after several deaths in a row. */
  readonly onLost: () => void;
};

/** So many deaths, each within the calm of the one before, and the next replacement waits. */
const deathsInARow = 3;
const calmMs = 60_000;
const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/**
 * The sessions of one model. Each is IDLE, or BUSY from `take()` to `giveBack()`, until it dies; then its place is being
 * LOADED again, at once or, when deaths follow each other, WAITED for; and it is given up when none is left to go on.
 * One that is RETIRED has a successor already, and closes as soon as it is idle.
 */
export class Crew {
  readonly #options: CrewOptions;
  readonly #alive = new Set<Session>();
  readonly #idle: Session[] = [];
  readonly #retired = new Set<Session>();
  readonly #replacing = new Set<Promise<void>>();
  readonly #hurried = new AbortController();
  #recycling: Promise<number> | undefined;
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

  adopt(session: Session): void {
    this.#alive.add(session);
    void session.ended.then(() => this.#bury(session));
    this.giveBack(session);
  }

  /** The session used last: it is still warm in its core's cache. */
  take(): Session | undefined {
    return this.#idle.pop();
  }

  giveBack(session: Session): void {
    if (this.#retired.has(session)) this.#dismiss(session);
    if (this.#alive.has(session)) this.#idle.push(session);
    this.#options.onIdle();
  }

  /** Gives each session a fresh successor, one after the other, so that its memory returns; resolves to how many. */
  recycle(): Promise<number> {
    this.#recycling ??= this.#recycleAll().finally(() => {
      this.#recycling = undefined;
    });
    return this.#recycling;
  }

  /** From now on a replacement happens at once or never. */
  hurry(): void {
    this.#hurried.abort();
  }

  /** To be called when none is busy and none is being replaced. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#recycling;
    await Promise.all([...this.#alive, ...this.#retired].map((session) => session.close()));
  }

  async #recycleAll(): Promise<number> {
    let recycled = 0;
    for (const old of [...this.#alive]) {
      if (this.#closed || this.#hurried.signal.aborted || !(await this.#load())) break;
      this.#retire(old);
      recycled += 1;
    }
    return recycled;
  }

  #retire(session: Session): void {
    if (!this.#alive.delete(session)) return;
    this.#retired.add(session);
    const place = this.#idle.indexOf(session);
    if (place < 0) return;
    this.#idle.splice(place, 1);
    this.#dismiss(session);
  }

  #dismiss(session: Session): void {
    void session.close().finally(() => this.#retired.delete(session));
  }

  #bury(dead: Session): void {
    if (!this.#alive.delete(dead)) return;
    const place = this.#idle.indexOf(dead);
    if (place >= 0) this.#idle.splice(place, 1);
    if (this.#closed) return;
    this.#options.onDeath();
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
      this.adopt(await this.#options.open());
      return true;
    } catch {
      return false;
    } finally {
      this.#loading -= 1;
    }
  }
}
