import type { OpenPolicy } from "../policy.ts";
import { ablations } from "./ablations.ts";
import { cheapest, cheapestGrid } from "./cheapest.ts";
import { leastInFlight, powerOfTwo } from "./least-in-flight.ts";
import { liteCost, liteCostGrid, liteLatency, liteLatencyGrid } from "./lite-llm.ts";
import { peakEwma, peakEwmaGrid } from "./peak-ewma.ts";
import { prequal, prequalDefaults, prequalGrid, prequalHedgedGrid } from "./prequal.ts";
import { random } from "./random.ts";
import { roundRobin } from "./round-robin.ts";
import { tradewind } from "./tradewind.ts";
import type { Variant } from "./variant.ts";

/** What ours is held against, each with the parameters that its authors published. */
export const baselines: Readonly<Record<string, OpenPolicy>> = {
  random,
  "round-robin": roundRobin,
  "least-in-flight": leastInFlight,
  p2c: powerOfTwo,
  "p2c-peak-ewma": peakEwma(),
  prequal: prequal(),
  "prequal-hedged": prequal({ ...prequalDefaults, hedges: true }),
  "litellm-latency": liteLatency(),
  "litellm-cost": liteCost(),
  cheapest: cheapest(),
};

/** Every policy that the replay lab can run, by name. */
export const policies: Readonly<Record<string, OpenPolicy>> = { ...baselines, tradewind, ...ablations };

/** The settings among which a baseline is tuned; those that are not here have nothing to set. */
export const grids: Readonly<Record<string, readonly Variant[]>> = {
  "p2c-peak-ewma": peakEwmaGrid,
  prequal: prequalGrid,
  "prequal-hedged": prequalHedgedGrid,
  "litellm-latency": liteLatencyGrid,
  "litellm-cost": liteCostGrid,
  cheapest: cheapestGrid,
};
