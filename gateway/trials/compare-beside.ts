import type { Chance } from "#infra/runtime/chance.ts";
import type { Clock } from "#infra/runtime/clock.ts";
import { oneAtATime } from "#infra/runtime/one-at-a-time.ts";
import { answersCompared, driftTurned } from "../agreement/agreement-channels.ts";
import { createComparer } from "../agreement/compare.ts";
import { DriftWatch } from "../agreement/drift-watch.ts";
import { createSampler } from "../agreement/sampler.ts";
import { countAgreement } from "../agreement/trial-facts.ts";
import { openTrials, type Trials } from "../agreement/trials.ts";
import type { Directory } from "../fleet/directory.ts";
import type { Fleet, Route } from "../fleet/snapshot.ts";
import type { Decisions } from "../ledger/open-decisions.ts";
import type { Recorded } from "../ledger/record-pursuit.ts";
import type { AnsweredImage } from "./answered-image.ts";
import { type Bars, createBars } from "./bar-blamed.ts";
import { countPath } from "./count-path.ts";
import { type FindAllDeps, findAll } from "./find-all.ts";
import { createStepFollower } from "./follow-steps.ts";
import { createMirror } from "./mirror-to-shadow.ts";
import { reportTrials, type TrialReport } from "./report-trials.ts";
import { createSecondOpinions } from "./second-opinions.ts";
import { createShadowModels } from "./shadow-models.ts";
import { createSharing } from "./share-findings.ts";
import { planOfRoute, type TrialPlan } from "./trial-plan.ts";
import type { Reading, TrialsStore } from "./trials-store.ts";
import { createWaitingRoom } from "./waiting-room.ts";

/** Second opinions, shadows and canaries at run time: all of it beside requests, and none of it in their way. */
export type Comparing = AsyncDisposable & {
  /** To be told of each image that a backend answered; returns at once, and never throws. */
  readonly answered: (image: AnsweredImage) => void;
  /** To be told of each request's course. */
  readonly recorded: (route: Route, recorded: Pick<Recorded, "tries" | "outcome">) => void;
  /** How the trials of all gateways stand, or those of this one where there is no database. */
  readonly report: (options: Reading) => Promise<TrialsReport>;
  /** What was found, for metrics. */
  readonly watch: Pick<DriftWatch, "report">;
  /** Gives up what is under way; twice is fine. */
  readonly close: () => Promise<void>;
};

export type TrialsReport = { readonly isShared: boolean; readonly trials: readonly TrialReport[] };

export type ComparingOptions = {
  readonly fleet: () => Fleet;
  readonly directory: Pick<Directory, "find">;
  readonly ledger: Pick<Decisions, "spend">;
  readonly store: TrialsStore;
  /** As this gateway is known to the others. */
  readonly gateway: string;
  /** How many share the budgets of routes. */
  readonly gateways?: () => number;
  readonly clock: Clock;
  readonly chance: Chance;
  /** Milliseconds since 1970 that never run backwards. */
  readonly now: () => number;
  readonly everyMs?: number;
};

export function openComparing(options: ComparingOptions): Comparing {
  const { fleet, store } = options;
  const stop = new AbortController();
  const parts = createParts(options, stop.signal);
  const { watch, trials, planOf } = parts;
  const comparers = [createComparer(parts), createComparer(parts)] as const;
  const room = createWaitingRoom(stop.signal);
  const seek = createSecondOpinions({ ...parts, room, compare: comparers[0].compare });
  const mirror = createMirror({ ...parts, room, compare: comparers[1].compare });
  const turn = createTurn(parts);
  const turning = keepTurning(turn, options, stop.signal);
  const listening = listen(parts);
  const end = async (): Promise<void> => {
    stop.abort();
    await Promise.all([...comparers.map((comparer) => comparer.close()), turning]);
    await turn();
    listening.dispose();
  };
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= end();
    return closing;
  };
  return {
    watch,
    answered: (image) => {
      if (!planOf(image.route)) return;
      seek(image);
      mirror(image);
    },
    recorded: (route, recorded) => {
      if (planOf(route)) countPath(trials, route.model, recorded);
    },
    report: async (reading) => {
      await turn();
      const plans = [...fleet().routes.values()].flatMap((route) => planOf(route) ?? []);
      return { isShared: store.isShared, trials: reportTrials(plans, await store.read(reading)) };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Parts = ComparingOptions &
  FindAllDeps & { readonly watch: DriftWatch; readonly trials: Trials; readonly bars: Bars };

function createParts(options: ComparingOptions, signal: AbortSignal) {
  const watch = new DriftWatch();
  const bars = createBars({ ...options, watch });
  const parts = { watch, bars, isBarred: bars.isBarred, planOf: rememberPlans(bars) };
  const shadows = createShadowModels({ signal });
  return { ...options, ...parts, trials: openTrials(), sampler: createSampler(options), shadows };
}

type PlanOf = (route: Route) => TrialPlan | undefined;

/** A route is looked at once; a new one of a model begins with the bars that the last one had. */
function rememberPlans(bars: Bars): PlanOf {
  const known = new WeakMap<Route, { readonly plan: TrialPlan | undefined }>();
  return (route) => {
    const before = known.get(route);
    if (before) return before.plan;
    const plan = planOfRoute(route);
    known.set(route, { plan });
    if (plan) bars.apply(route);
    return plan;
  };
}

/** What is to be done every few seconds. */
function createTurn(parts: Parts): () => Promise<void> {
  const { watch, trials, bars, fleet, planOf } = parts;
  const follow = createStepFollower({ watch, trials });
  const share = createSharing(parts);
  return oneAtATime(async () => {
    // What is true no more is forgotten first, so that nobody is told of it.
    follow(findAll(parts).compared);
    for (const route of fleet().routes.values()) if (planOf(route)) bars.apply(route);
    await share(findAll(parts).findings);
  });
}

async function keepTurning(
  turn: () => Promise<void>,
  { clock, everyMs = 2_000 }: ComparingOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await turn();
    await clock.sleep(everyMs, { signal }).catch(() => undefined);
  }
}

function listen({ fleet, planOf, bars, trials }: Parts): DisposableStack {
  const stack = new DisposableStack();
  stack.use(trials);
  stack.defer(
    driftTurned.subscribe(({ model }) => {
      const route = fleet().routes.get(model);
      if (route && planOf(route)) bars.apply(route);
    }),
  );
  stack.defer(
    answersCompared.subscribe(({ model, backend, agreement }) => {
      const route = fleet().routes.get(model);
      if (agreement === undefined || !route || !isCanary(route, backend)) return;
      // Who was asked beside is counted anyway; here it was the canary that had answered.
      const facts = trials.facts(model, backend);
      if (facts) countAgreement(facts, agreement);
    }),
  );
  return stack;
}

function isCanary({ pool, backends }: Route, backend: string): boolean {
  return pool.lanes.some(({ canary, place }) => canary > 0 && backends[place]?.name === backend);
}
