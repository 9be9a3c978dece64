import { LatencyModel } from "./latency-model.ts";
import type { Standing } from "./standing.ts";
import type { RouteTerms } from "./terms.ts";
import { TokenBudget } from "./token-budget.ts";
import { createWaking, type Waking } from "./waking.ts";

/** One backend as one route sees it. */
export type Lane = {
  /** Its number in the pool. */
  readonly place: number;
  readonly standing: Standing;
  /** How long it takes for this route's model. */
  readonly latency: LatencyModel;
  /** 0 is the group that is used first. */
  readonly group: number;
  /** Its part of its group's requests; undefined where price and speed decide. */
  readonly weight: number | undefined;
  /** Of all requests the share that goes here first, while it is tried out. */
  readonly canary: number;
  /** Taken out of choice, since its answers are not like its peers'. */
  isBarred: boolean;
};

/** Told that somebody may have room; answers whether it has left the line. */
export type Waiter = { readonly onRoom: (now: number) => boolean };

/** Everything that one route's choices are made from. What is in it is learned; its shape never changes. */
export type Pool = {
  readonly model: string;
  readonly terms: RouteTerms;
  /** In the order of their groups. */
  readonly lanes: readonly Lane[];
  /** The same in the groups that the route has. */
  readonly groups: readonly (readonly Lane[])[];
  /** Who is tried out with a share of all requests. */
  readonly canary: Lane | undefined;
  readonly hedges: TokenBudget;
  readonly retries: TokenBudget;
  /** Those that cost something only while they are awake. */
  readonly sleepers: readonly Lane[];
  readonly waking: Waking;
  readonly scratch: Scratch;
  /** Requests that wait because everyone is full, the first to come first. */
  readonly line: Set<Waiter>;
  /** Who answered last. */
  readonly usual: { place: number };
};

/** What the last choice thought of each lane; overwritten by the next. */
export type Scratch = {
  readonly predictedMs: Float64Array;
  readonly costUsd: Float64Array;
  readonly missChance: Float64Array;
  readonly score: Float64Array;
  readonly verdict: Uint8Array;
};

export type LaneTerms = Pick<Lane, "standing" | "group"> &
  Partial<Pick<Lane, "weight" | "canary" | "latency">>;

/** What the same route had before under another configuration is taken over, or each change would be a start. */
export function createPool(
  model: string,
  terms: RouteTerms,
  given: readonly LaneTerms[],
  before?: Pool,
): Pool {
  const lanes = given.map(
    (
      { standing, group, weight, canary = 0, latency = new LatencyModel(standing.terms.prior) },
      place,
    ): Lane => ({
      place,
      standing,
      latency,
      group,
      weight,
      canary,
      isBarred: false,
    }),
  );
  return {
    model,
    terms,
    lanes,
    groups: [...Map.groupBy(lanes, ({ group }) => group).values()],
    canary: lanes.find(({ canary }) => canary > 0),
    hedges: new TokenBudget({
      share: terms.hedge?.share ?? 0,
      most: 100,
      first: before?.hedges.tokens ?? 50,
    }),
    retries: new TokenBudget({ share: terms.retry.share, most: 50, first: before?.retries.tokens ?? 10 }),
    sleepers: lanes.filter(({ standing }) => standing.warmth.sleeps),
    waking: before ? wakingAfter(before, lanes) : createWaking(lanes.length),
    scratch: createScratch(lanes.length),
    line: new Set(),
    usual: { place: 0 },
  };
}

/** Lanes may stand in other places, or be others. */
function wakingAfter({ waking, lanes: were }: Pool, lanes: readonly Lane[]): Waking {
  const { creditUsd, creditAt } = createWaking(lanes.length);
  const places = new Map(were.map(({ standing, place }) => [standing.name, place]));
  for (const { standing, place } of lanes) {
    const was = places.get(standing.name) ?? -1;
    creditUsd[place] = waking.creditUsd[was] ?? 0;
    creditAt[place] = waking.creditAt[was] ?? 0;
  }
  return { ...waking, creditUsd, creditAt };
}

function createScratch(lanes: number): Scratch {
  return {
    predictedMs: new Float64Array(lanes),
    costUsd: new Float64Array(lanes),
    missChance: new Float64Array(lanes),
    score: new Float64Array(lanes),
    verdict: new Uint8Array(lanes),
  };
}
