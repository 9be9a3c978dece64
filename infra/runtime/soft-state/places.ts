/** Who holds a place until when. The soonest end is remembered, so that ended ones are looked for only when there are some. */
export class PlaceTable {
  readonly #ends = new Map<string, number>();
  #soonest = Number.POSITIVE_INFINITY;
  #latest = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  count(now: number): number {
    this.#forgetEnded(now);
    return this.#ends.size;
  }

  holds(member: string, now: number): boolean {
    return (this.#ends.get(member) ?? 0) > now;
  }

  take(member: string, end: number): void {
    if (!this.#ends.has(member)) this.#bytes += cost(member);
    this.#ends.set(member, end);
    this.#soonest = Math.min(this.#soonest, end);
    this.#latest = Math.max(this.#latest, end);
  }

  leave(member: string): boolean {
    const held = this.#ends.delete(member);
    if (held) this.#bytes -= cost(member);
    return held;
  }

  /** When the last of so many will have ended, the soonest first. */
  endOf(count: number): number {
    if (count > 1)
      return [...this.#ends.values()].sort((a, b) => a - b)[count - 1] ?? Number.POSITIVE_INFINITY;
    let soonest = Number.POSITIVE_INFINITY;
    for (const end of this.#ends.values()) soonest = Math.min(soonest, end);
    return soonest;
  }

  /** When nothing is left of it, or a little later. */
  get latest(): number {
    return this.#latest;
  }

  #forgetEnded(now: number): void {
    if (now < this.#soonest) return;
    this.#soonest = Number.POSITIVE_INFINITY;
    for (const [member, end] of this.#ends) {
      if (end <= now) this.leave(member);
      else this.#soonest = Math.min(this.#soonest, end);
    }
  }
}

/** What a member costs in the map beside its characters. */
const memberBytes = 64;

function cost(member: string): number {
  return member.length * 2 + memberBytes;
}
