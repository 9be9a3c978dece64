/** Something that happens at a moment of virtual time. It waits in one queue at most, and there once. */
export type Happening = {
  /** Where it waits; -1 while it doesn't. Only the queue writes it. */
  place: number;
  readonly happen: (now: number) => void;
};

const firstRoom = 256;

/** What is going to happen, soonest first; of two at the same moment the one that was planned first. */
export class EventQueue {
  #times = new Float64Array(firstRoom);
  #orders = new Float64Array(firstRoom);
  readonly #waiting: Happening[] = [];
  #planned = 0;
  #now = 0;

  get now(): number {
    return this.#now;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** When the next thing happens; never, where nothing is planned. */
  get nextAt(): number {
    return this.#waiting.length === 0 ? Number.POSITIVE_INFINITY : (this.#times[0] ?? 0);
  }

  /** Plans it, or plans it anew where it waits already. The past is now. */
  plan(event: Happening, at: number): void {
    if (event.place < 0) {
      event.place = this.#waiting.length;
      this.#waiting.push(event);
      if (this.#waiting.length > this.#times.length) this.#grow();
    }
    this.#planned += 1;
    this.#settle(event, at > this.#now ? at : this.#now, this.#planned);
  }

  cancel(event: Happening): void {
    const { place } = event;
    if (place < 0) return;
    event.place = -1;
    const last = this.#waiting.pop();
    if (!last || last === event) return;
    const from = this.#waiting.length;
    last.place = place;
    this.#settle(last, this.#times[from] ?? 0, this.#orders[from] ?? 0);
  }

  /** Lets the next thing happen. */
  step(): void {
    const [next] = this.#waiting;
    if (!next) return;
    const at = this.#times[0] ?? 0;
    this.#now = at;
    this.cancel(next);
    next.happen(at);
  }

  /** Nothing happens until then, so time may pass. */
  passTo(now: number): void {
    if (now > this.#now) this.#now = now;
  }

  /** Puts an event that has its place, whatever that is, where its time belongs. */
  #settle(event: Happening, at: number, order: number): void {
    const place = this.#rise(event.place, at, order);
    this.#put(event, this.#sink(place, at, order), at, order);
  }

  #rise(from: number, at: number, order: number): number {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!this.#isBefore(at, order, above)) break;
      this.#move(above, place);
      place = above;
    }
    return place;
  }

  #sink(from: number, at: number, order: number): number {
    const size = this.#waiting.length;
    let place = from;
    for (let below = 2 * place + 1; below < size; below = 2 * place + 1) {
      const right = below + 1;
      if (right < size && this.#isBefore(this.#times[right] ?? 0, this.#orders[right] ?? 0, below))
        below = right;
      if (this.#isBefore(at, order, below)) break;
      this.#move(below, place);
      place = below;
    }
    return place;
  }

  #isBefore(at: number, order: number, place: number): boolean {
    const other = this.#times[place] ?? 0;
    return at < other || (at === other && order < (this.#orders[place] ?? 0));
  }

  #move(from: number, to: number): void {
    const event = this.#waiting[from];
    if (event) this.#put(event, to, this.#times[from] ?? 0, this.#orders[from] ?? 0);
  }

  #put(event: Happening, place: number, at: number, order: number): void {
    this.#times[place] = at;
    this.#orders[place] = order;
    this.#waiting[place] = event;
    event.place = place;
  }

  #grow(): void {
    const [times, orders] = [this.#times, this.#orders];
    this.#times = new Float64Array(times.length * 2);
    this.#orders = new Float64Array(times.length * 2);
    this.#times.set(times);
    this.#orders.set(orders);
  }
}
