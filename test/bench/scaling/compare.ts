import { carriedBy } from "#gateway/operations/scale/capacity-of.ts";
import type { Load, Part } from "./loads.ts";
import { oracle } from "./oracle.ts";
import { ours } from "./ours.ts";
import { fixed, type HpaOptions, hpa } from "./peers.ts";
import { type Played, play, type Scaler } from "./play.ts";
import type { Given } from "./sites.ts";

/** What one scaler made of a load with one seed. */
export type Figures = {
  readonly usdPerHour: number;
  readonly standingUsdPerHour: number;
  readonly attainment: number;
};

export type Contender = {
  readonly name: string;
  readonly kind: "ours" | "oracle" | "fixed" | "hpa";
  /** Without what scales to zero. */
  readonly alone: boolean;
  /** By seed. */
  readonly figures: readonly Figures[];
};

export type Compared = {
  readonly load: Pick<Load, "name" | "note">;
  readonly contenders: readonly Contender[];
  /** Instances that the fixed fleet has, and the rate that it is sized for. */
  readonly fixed: { readonly count: number; readonly rps: number };
};

export type CompareOptions = {
  readonly given: Given;
  readonly seeds: readonly number[];
  readonly targets: readonly number[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

type Entry = Pick<Contender, "name" | "kind" | "alone"> & {
  readonly open: (played: Part, count: number) => Scaler;
};

/** Everybody runs through the same requests, seed by seed. */
export async function compare(load: Load, options: CompareOptions): Promise<Compared> {
  const { given, seeds, say, signal } = options;
  const entries = entriesOf(options);
  const figures = entries.map((): Figures[] => []);
  let sized = { count: 0, rps: 0 };
  for (const seed of seeds) {
    const played = await load.open(seed);
    const count = sizedFor(given, played.p99MinuteRps);
    if (seed === seeds[0]) sized = { count, rps: played.p99MinuteRps };
    for (const [place, entry] of entries.entries()) {
      signal.throwIfAborted();
      figures[place]?.push(run(given, { ...played, seed }, entry.open(played, count)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    say(`${load.name}: seed ${seed} of ${seeds.length}`);
  }
  return {
    load,
    fixed: sized,
    contenders: entries.map(({ name, kind, alone }, place) => {
      return { name, kind, alone, figures: figures[place] ?? [] };
    }),
  };
}

function entriesOf({ given, targets }: CompareOptions): readonly Entry[] {
  const sides = [false, true];
  return [
    { name: "ours", kind: "ours", alone: false, open: (_, count) => ours(given, count) },
    {
      ...{ name: "oracle", kind: "oracle", alone: false },
      open: ({ arrivals, spanMs }) => oracle(given, arrivals, spanMs),
    },
    ...sides.flatMap((alone) => fixedEntries(given, alone)),
    ...sides.flatMap((alone) => hpaEntries(given, targets, alone)),
  ];
}

/** Alone it is tried larger too, since nothing takes what is too much for it. */
function fixedEntries(given: Given, alone: boolean): readonly Entry[] {
  const sizes = alone ? [1, 1.5, 2, 3, 4] : [1];
  return sizes.map((times) => ({
    name: `fixed${times === 1 ? "" : ` x${times}`}${alone ? ", alone" : ""}`,
    ...{ kind: "fixed", alone },
    open: (_, count) => fixed(given, Math.ceil(count * times), { alone }),
  }));
}

function hpaEntries(given: Given, targets: readonly number[], alone: boolean): readonly Entry[] {
  const measured = (["busy", "came"] as const).flatMap((metric) =>
    ([15, 60] as const).map((windowS) => ({ metric, windowS })),
  );
  return targets.flatMap((target) =>
    measured.map((how): Entry => {
      const options: HpaOptions = { target, alone, ...how };
      return {
        name: `hpa ${Math.round(target * 100)} % of ${how.metric} in ${how.windowS} s${alone ? ", alone" : ""}`,
        ...{ kind: "hpa", alone },
        open: (_, count) => hpa(given, count, options),
      };
    }),
  );
}

/** The fewest instances of the first place that carry the rate within the SLO, if it came evenly. */
export function sizedFor({ sites, promised }: Given, rps: number): number {
  const capacity = sites[0]?.declared.capacity;
  if (!capacity) throw new RangeError("the first place says how fast it is");
  let count = 1;
  while (carriedBy(capacity, count, promised) < rps) count += 1;
  return count;
}

function run(given: Given, played: Part & { readonly seed: number }, scaler: Scaler): Figures {
  const { arrivals, spanMs, countsFromMs, seed } = played;
  const { sites, promised } = given;
  const { sloMs } = promised;
  const did: Played = play({ sites, arrivals, scaler, sloMs, seed, countsFromMs, spanMs });
  const hours = (spanMs - countsFromMs) / 3_600_000;
  return {
    usdPerHour: did.usd / hours,
    standingUsdPerHour: did.standingUsd / hours,
    attainment: 1 - did.missed / Math.max(1, did.requests),
  };
}
