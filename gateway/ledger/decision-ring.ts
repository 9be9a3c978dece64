import { mostFound } from "./ledger-store.ts";
import type { Recorded } from "./record-pursuit.ts";

/** The latest decisions: each new one takes the place of the oldest. */
export class DecisionRing {
  readonly #most: number;
  readonly #held: Recorded[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  add(recorded: Recorded): void {
    this.#held[this.#next] = recorded;
    this.#next = (this.#next + 1) % this.#most;
  }

  /** The newest first. It looks at all of them, which is for people and not for requests. */
  find(requestId: string, tenant?: string): readonly Recorded[] {
    const found: Recorded[] = [];
    for (const recorded of this.newest()) {
      if (recorded.requestId !== requestId || (tenant !== undefined && recorded.tenant !== tenant)) continue;
      found.push(recorded);
      if (found.length === mostFound) break;
    }
    return found;
  }

  *newest(): Generator<Recorded> {
    const count = this.#held.length;
    for (let back = 1; back <= count; back += 1) {
      const recorded = this.#held[(this.#next - back + count) % count];
      if (recorded) yield recorded;
    }
  }
}
