import type { Terms } from "#adapters/terms.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { type Choose, choose } from "../../dispatch/choose.ts";
import { LatencyModel } from "../../dispatch/latency-model.ts";
import { createPool, type Lane, type Pool } from "../../dispatch/pool.ts";
import { Standing } from "../../dispatch/standing.ts";
import { TailShape } from "../../dispatch/tail-shape.ts";
import { Warmth } from "../../dispatch/warmth.ts";

/** What is seen otherwise than it is. */
export type Glass = {
  readonly listPrice?: boolean;
  readonly forgets?: false;
  readonly middleOnly?: boolean;
  readonly crowdsUnmeasured?: boolean;
  readonly endlessRoom?: boolean;
  readonly oneGroup?: boolean;
};

/**
 * Our own choice, made from a pool that looks different in one respect: so the code that is measured without a guard is
 * the code that runs with it, and needs no switch for being measured.
 */
export function lookingThrough(pool: Pool, glass: Glass): Choose {
  const { model, terms } = pool;
  const {
    lanes: seen,
    groups,
    canary,
  } = createPool(
    model,
    terms,
    pool.lanes.map((lane) => seenLane(lane, glass)),
  );
  const view: Pool = { ...pool, lanes: seen, groups, canary };
  return (_, ask, chance) => {
    for (const lane of seen) lane.standing.inFlight = pool.lanes[lane.place]?.standing.inFlight ?? 0;
    const tried = ask.tried.flatMap(({ place }) => seen[place] ?? []);
    const { able } = ask;
    const seenAble = able && ((lane: Lane) => able(pool.lanes[lane.place] ?? lane));
    const choice = choose(view, { ...ask, tried, ...(seenAble && { able: seenAble }) }, chance);
    return choice && { ...choice, lane: pool.lanes[choice.lane.place] ?? choice.lane };
  };
}

function seenLane(lane: Lane, glass: Glass): Lane {
  return {
    ...lane,
    standing: new SeenStanding(lane.standing, glass),
    latency: new SeenLatency(lane.latency, glass),
    group: glass.oneGroup ? 0 : lane.group,
  };
}

class SeenStanding extends Standing {
  readonly #real: Standing;
  override readonly breaker: Standing["breaker"];
  override readonly spending: Standing["spending"];
  override readonly warmth: Warmth;

  constructor(real: Standing, glass: Glass) {
    const terms = glass.listPrice ? listed(real.terms) : real.terms;
    super(real.name, terms, { eject: { after: 1, baseMs: 0, mostMs: 0 }, chance: systemChance });
    this.#real = real;
    this.breaker = real.breaker;
    this.spending = real.spending;
    this.warmth = glass.endlessRoom ? new SeenWarmth(real.warmth, real.terms) : real.warmth;
  }

  override load(now: number): number {
    return this.#real.load(now);
  }
}

/** Every second of every answer is paid for, and shared with nobody. */
function listed(terms: Terms): Terms {
  return {
    ...terms,
    billing: "request",
    perInstance: 1,
    // Prices may change in the middle of a run.
    get usdPerSecond() {
      return terms.usdPerSecond;
    },
    get usdPerRequest() {
      return terms.usdPerRequest;
    },
  };
}

class SeenWarmth extends Warmth {
  readonly #real: Warmth;

  constructor(real: Warmth, terms: Terms) {
    super(terms);
    this.#real = real;
  }

  override get coldMs(): number {
    return this.#real.coldMs;
  }

  override isAwake(now: number): boolean {
    return this.#real.isAwake(now);
  }

  override isWaking(now: number): boolean {
    return this.#real.isWaking(now);
  }

  override waitMs(now: number): number {
    return this.#real.waitMs(now);
  }

  override lengthensMs(now: number): number {
    return this.#real.lengthensMs(now);
  }

  override most(): number {
    return Number.POSITIVE_INFINITY;
  }
}

class SeenLatency extends LatencyModel {
  readonly #real: LatencyModel;
  readonly #glass: Glass;
  override readonly tail: TailShape;

  constructor(real: LatencyModel, glass: Glass) {
    super(undefined);
    this.#real = real;
    this.#glass = glass;
    this.tail = glass.middleOnly ? new Step() : real.tail;
  }

  override get isMeasured(): boolean {
    return this.#glass.crowdsUnmeasured || this.#real.isMeasured;
  }

  override isDoubted(now: number): boolean {
    const { crowdsUnmeasured, forgets = true } = this.#glass;
    return !crowdsUnmeasured && forgets && this.#real.isDoubted(now);
  }

  override predict(load: number, now: number): number {
    return this.#real.predict(load, this.#glass.forgets === false ? Number.NEGATIVE_INFINITY : now);
  }
}

class Step extends TailShape {
  override beyond(ratio: number): number {
    return ratio < 1 ? 1 : 0;
  }
}
