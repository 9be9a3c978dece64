import { fullRps, type Offer } from "./market.ts";

/** A place that comes and goes with the requests, over one course of them. */
export type Spring = {
  /** Of one more instance, until it is gone again. */
  readonly usdPerStart: number;
  /** Whether it costs something although nothing comes. */
  readonly isPaid: () => boolean;
  readonly begin: (step: number) => void;
  /** What instances take that are there and paid whether they work or not. */
  readonly takeWarm: (rps: number) => number;
  /** What more it takes, starting what that needs, and how much of it comes while that starts. */
  readonly take: (rps: number, step: number) => { readonly taken: number; readonly late: number };
  /** With what those still cost that are up in the end: half of the time that they are idle for, in the mean. */
  readonly usd: () => number;
};

export type SpringOptions = {
  readonly least: number;
  readonly most: number;
  readonly stepSeconds: number;
  /** Who waits no longer than that is in time. */
  readonly waitSeconds: number;
};

/** Of what one carries that is never idle: requests do not come one after the other. */
const usable = 0.9;

export function createSpring({ place, capacity }: Offer, options: SpringOptions): Spring {
  const { billing, usdPerSecond, usdPerRequest, coldMs, idleMs } = place.terms;
  const { least, most, stepSeconds, waitSeconds } = options;
  const each = fullRps(capacity) * usable;
  const isByInstance = billing !== "request";
  const perRequest = usdPerRequest + (isByInstance ? 0 : usdPerSecond / each);
  const warmth = createWarmth({
    least,
    running: Math.min(most, place.standing.running),
    coldSteps: coldMs / 1_000 / stepSeconds,
    idleSteps: idleMs / 1_000 / stepSeconds,
  });
  let [usd, taken, wasFull] = [0, 0, false];
  return {
    usdPerStart: usdPerSecond * ((coldMs + (isByInstance ? idleMs : 0)) / 1_000),
    isPaid: () => isByInstance && warmth.warm() > least,
    begin: (step) => {
      taken = 0;
      warmth.cool(step);
    },
    takeWarm: (rps) => {
      taken = Math.min(rps, (isByInstance ? warmth.warm() : least) * each);
      return taken;
    },
    take: (rps, step) => {
      const more = Math.max(0, Math.min(rps, most * each - taken));
      const started = warmth.need(Math.min(most, Math.ceil((taken + more) / each - 1e-9)), step);
      const ready = warmth.ready(step) * each;
      const excess = Math.max(0, taken + more - ready);
      const late = Math.max(0, excess - (wasFull ? 0 : (waitSeconds / stepSeconds) * ready));
      wasFull = excess > 0;
      if (isByInstance) usd += Math.max(0, warmth.warm() - least) * usdPerSecond * stepSeconds;
      else usd += started * (coldMs / 1_000) * usdPerSecond;
      usd += (taken + more - late) * stepSeconds * perRequest;
      return { taken: more, late };
    },
    usd: () => usd + (isByInstance ? warmth.warm() * usdPerSecond * (idleMs / 2_000) : 0),
  };
}

type Warmth = {
  /** What was not needed for long enough goes. */
  readonly cool: (step: number) => void;
  /** So many are needed now; tells how many of them are started for it. */
  readonly need: (count: number, step: number) => number;
  readonly warm: () => number;
  /** Those of them that have started, in parts of the step. */
  readonly ready: (step: number) => number;
};

type WarmthOptions = {
  readonly least: number;
  readonly running: number;
  readonly coldSteps: number;
  readonly idleSteps: number;
};

/** So many at a step. */
type At = { readonly count: number; readonly step: number };

/** Instances are a stack: the last one that came is the first that is idle. */
function createWarmth({ least, running, coldSteps, idleSteps }: WarmthOptions): Warmth {
  let warm = Math.max(running, least);
  /** When so many were last needed, the most first and the latest last. */
  const needed: At[] = [{ count: warm, step: 0 }];
  let starting: readonly At[] = warm > running ? [{ count: warm - running, step: 0 }] : [];
  let oldest = 0;
  return {
    warm: () => warm,
    cool: (step) => {
      while (oldest < needed.length && (needed[oldest]?.step ?? step) < step - idleSteps) oldest += 1;
      if (oldest > 0) warm = Math.max(least, needed[oldest]?.count ?? 0);
    },
    need: (count, step) => {
      while (needed.length > oldest && (needed.at(-1)?.count ?? 0) <= count) needed.pop();
      needed.push({ count, step });
      const started = Math.max(0, count - warm);
      if (started > 0) starting = [...starting, { count: started, step }];
      warm += started;
      return started;
    },
    ready: (step) => {
      if (starting.length === 0) return warm;
      starting = starting.filter((one) => step + 1 - one.step < coldSteps + 1);
      return starting.reduce(
        (ready, one) => ready - one.count * Math.min(1, Math.max(0, coldSteps - (step - one.step))),
        warm,
      );
    },
  };
}
