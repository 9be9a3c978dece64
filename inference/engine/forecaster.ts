import type { Clock } from "#infra/runtime/clock.ts";
import { costOf, createCostLearner } from "./run-cost.ts";
import { type Forecast, type Newcomer, predict } from "./shed.ts";
import type { Crowd } from "./waiting-lines.ts";

/** How a run ended; only one that is done tells what runs cost. */
export type Ended = "done" | "failed";

/** Knows what the workers are at, and what that means for a run that comes now. */
export type Forecaster = {
  /** Is a worker free? */
  readonly idle: boolean;
  /** To be called when a run begins; what it returns, when it ended. */
  readonly started: (items: number) => (ended: Ended) => void;
  readonly learn: (items: number, ms: number) => void;
  /** Undefined while nothing is known of what runs cost, or nobody is there to compute them. */
  readonly forecast: (ahead: Crowd, newcomer: Newcomer) => Forecast | undefined;
};

export type ForecasterOptions = {
  readonly clock: Clock;
  /** Items in a batch when many wait. */
  readonly batchSize: number;
  readonly workers: () => number;
};

export function createForecaster({ clock, batchSize, workers }: ForecasterOptions): Forecaster {
  const learner = createCostLearner();
  const inFlight = new Set<{ readonly items: number; readonly since: number }>();
  return {
    get idle() {
      return inFlight.size < workers();
    },
    started: (items) => {
      const run = { items, since: clock.elapsed() };
      inFlight.add(run);
      return (ended) => {
        if (inFlight.delete(run) && ended === "done") learner.learn(items, clock.elapsed() - run.since);
      };
    },
    learn: learner.learn,
    forecast: (ahead, newcomer) => {
      const { learned } = learner;
      const staff = Math.max(workers(), inFlight.size);
      if (!learned || staff === 0) return undefined;
      const { cost, items: usualItems } = learned;
      const now = clock.elapsed();
      // One that is overdue may end at any moment.
      const freeIn = Array.from(inFlight, ({ items, since }) =>
        Math.max(0, since + costOf(cost, items) - now),
      );
      while (freeIn.length < staff) freeIn.push(0);
      return predict({ cost, ahead, batchSize, usualItems, freeIn }, newcomer);
    },
  };
}
