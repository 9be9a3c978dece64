import type { Chance } from "#infra/runtime/chance.ts";
import type {
  GetOperation,
  SetOperation,
  SoftResult,
  SoftState,
} from "#infra/runtime/soft-state/soft-state.ts";
import type { KnownBackends } from "../known-backends.ts";
import { adoptLatencies, littleKnown } from "./adopt-latencies.ts";
import { createHeardStandings, type HeardStandings } from "./hear-standings.ts";
import { drawSeats, seatsFor } from "./seats.ts";
import { tellLatencies, tellStandings } from "./tell-standings.ts";
import { readTold, type Told, writeLatencies, writeTold } from "./told.ts";

export type ExchangeOptions = {
  readonly softState: Pick<SoftState, "apply">;
  readonly known: KnownBackends;
  /** How many there are, this one included. */
  readonly gateways: () => number;
  readonly now: () => number;
  readonly chance: Pick<Chance, "number">;
  readonly id: string;
};

/** What is told each second ends soon; what was learned of speeds outlives a restart of all gateways together. */
const toldMs = 3_000;
const latenciesMs = 600_000;
const turnsPerLatencies = 5;

/** Who was silent for so long may have lost its seat. */
const seatMs = 2_500;

/**
 * One gateway among those that tell each other what they know of backends. It is in one of these states:
 *
 *   STANDING  has no seat yet, or has lost it: listens, and takes a free one
 *   SEATED    tells each turn, under its seat's number
 */
export class KnowledgeExchange {
  readonly #options: ExchangeOptions;
  readonly #heard: HeardStandings;
  #seat: number | undefined;
  #toldAt = Number.NEGATIVE_INFINITY;
  #turns = 0;
  #tellersSeats: readonly number[] | undefined;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#heard = createHeardStandings(options.known.all);
  }

  /** How many others have told something lately. */
  tellers(): number {
    return this.#heard.tellers(this.#options.now());
  }

  /** Tells what is known here and hears what the others know, in one call. Rejects where nobody answers. */
  async turn(): Promise<void> {
    const { softState, known, gateways, now, chance } = this.#options;
    this.#turns += 1;
    const seats = seatsFor(gateways());
    if (now() - this.#toldAt >= seatMs || (this.#seat ?? 0) >= seats) this.#seat = undefined;
    const drawn = drawSeats(seats, chance);
    const wanted = littleKnown(known);
    const asked = wanted.size === 0 ? [] : this.#seatsToAsk(drawn);
    const gets = [...drawn.map(getTold), ...asked.map(getLatencies)];
    const sets = this.#seat === undefined ? [] : this.#tell(this.#seat);
    const results = await softState.apply([...gets, ...sets]);
    if (sets.length > 0) this.#toldAt = now();
    const words = results.slice(0, gets.length).map(asBytes);
    const free = this.#hear(drawn, words, seats);
    adoptLatencies(known, wanted, { words: words.slice(drawn.length), now: now() });
    this.#heard.sumInFlight(gateways(), now());
    if (this.#seat === undefined) await this.#sit(free);
  }

  /** Leaves the seat, so that the others need not wait for it to end. */
  async leave(): Promise<void> {
    if (this.#seat === undefined) return;
    const { key } = getTold(this.#seat);
    this.#seat = undefined;
    await this.#options.softState.apply([{ kind: "delete", key }]);
  }

  /** At first everybody is asked what was learned, later one a turn of those who told something. */
  #seatsToAsk(drawn: readonly number[]): readonly number[] {
    const tellers = this.#tellersSeats;
    if (!tellers) return drawn;
    const next = tellers[this.#turns % Math.max(1, tellers.length)];
    return next === undefined ? [] : [next];
  }

  /** Answers which seats are free. */
  #hear(drawn: readonly number[], words: Words, seats: number): readonly number[] {
    const { known, now, id } = this.#options;
    const names = new Set(known.all().map(({ name }) => name));
    const free: number[] = [];
    const tellers: number[] = [];
    const heard: Told[] = [];
    for (const [place, seat] of drawn.entries()) {
      const bytes = words[place];
      const told = bytes && readTold(bytes, names);
      if (!bytes) free.push(seat);
      if (!told || told.id === id) continue;
      // Two sit there; either goes and finds another.
      if (seat === this.#seat) this.#seat = undefined;
      tellers.push(seat);
      heard.push(told);
    }
    this.#heard.hear(heard, drawn.length === seats, now());
    this.#tellersSeats = tellers;
    return free;
  }

  async #sit(free: readonly number[]): Promise<void> {
    const { softState, chance, now } = this.#options;
    const seat = free[Math.floor(chance.number() * free.length)];
    if (seat === undefined) return;
    const [told] = this.#tell(seat);
    if (!told) return;
    const [isTaken] = await softState.apply([{ ...told, onlyIfAbsent: true }]);
    if (isTaken) [this.#seat, this.#toldAt] = [seat, now()];
  }

  #tell(seat: number): readonly SetOperation[] {
    const { known, now, id } = this.#options;
    const backends = tellStandings(known.all(), this.#heard.warmth, now());
    const value = writeTold({ id, turn: this.#turns, backends });
    const told: SetOperation = { kind: "set", key: getTold(seat).key, value, ttlMs: toldMs };
    if (this.#turns % turnsPerLatencies !== 0) return [told];
    const learned = tellLatencies(known.latencies(), now());
    if (learned.size === 0) return [told];
    const { key } = getLatencies(seat);
    return [told, { kind: "set", key, value: writeLatencies(learned), ttlMs: latenciesMs }];
  }
}

type Words = readonly (Uint8Array | undefined)[];

/** Each key lies where it may: they are never touched together. */
function getTold(seat: number): GetOperation {
  return { kind: "get", key: `dispatch:told:${seat}` };
}

function getLatencies(seat: number): GetOperation {
  return { kind: "get", key: `dispatch:learned:${seat}` };
}

function asBytes(result: SoftResult): Uint8Array | undefined {
  return result instanceof Uint8Array ? result : undefined;
}
