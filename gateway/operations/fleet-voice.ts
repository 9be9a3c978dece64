import type { Clock } from "#infra/runtime/clock.ts";
import type { Log } from "#infra/runtime/log.ts";
import { percent } from "../trials/splice-route.ts";
import type { FleetVoice } from "./fleet-turn.ts";
import type { LeaderState } from "./leader.ts";
import { showPlan, signOfPlan, writePlan } from "./show-plan.ts";
import { summarizeCall } from "./summarize-call.ts";

export type VoiceOptions = {
  /** Takes what a person, or with `isJson` a program, asked to see. */
  readonly write: (line: string) => void;
  readonly isJson: boolean;
  readonly log: Log;
  readonly clock: Pick<Clock, "elapsed">;
  /** As the name of whoever leads may be asked for. */
  readonly readLeader: () => Promise<string | undefined>;
};

export type SpeakingVoice = FleetVoice & {
  readonly turned: (state: LeaderState, error?: unknown) => void;
};

/** Says what is new: a plan when it is another one, a trouble when it was not said a moment ago. */
export function createVoice(options: VoiceOptions): SpeakingVoice {
  const { write, isJson, log } = options;
  const say: Say = (text, data) => write(isJson ? JSON.stringify(data) : text);
  const troubled = createComplaints(options);
  let lastPlan: string | undefined;
  const speakTurn = createTurned(options, say);
  return {
    troubled,
    turned: (state, error) => {
      // A plan that nobody carries out any more is said anew by whoever does.
      if (state === "lost") lastPlan = undefined;
      speakTurn(state, error);
    },
    observed: (observed) => {
      for (const { provider, troubles } of observed.values())
        for (const error of troubles.slice(0, 1)) troubled(provider, error);
    },
    planned: (plan) => {
      const sign = signOfPlan(plan);
      if (sign === lastPlan) return;
      lastPlan = sign;
      say(showPlan(plan), { plan: writePlan(plan) });
    },
    applied: ({ provider, wanted, error }) => {
      if (error) return troubled(`scaling ${provider}`, error);
      log.info({ provider, wanted }, "scaled");
      say(`scaled ${provider} to ${JSON.stringify(wanted)}`, { scaled: provider, wanted });
    },
    verified: ({ provider, wanted, afterMs, kind, running, why }) => {
      const level = kind === "settled" ? "info" : "warn";
      log[level]({ provider, wanted, afterMs, kind, running, why }, `${provider} ${kind}`);
      const told = kind === "settled" ? "settled" : `has ${running} only: ${why}`;
      const text = `${provider} ${told} after ${Math.round(afterMs / 1000)} s`;
      say(text, { verified: provider, kind, running, why });
    },
    passed: ({ id, state }, { provider, step, share, why }) => {
      log.info({ rollout: id, provider, step, share, why, back: state.back }, "a rollout went on");
      const part = share === null ? "" : ` ${percent(share)}`;
      say(`rollout ${id}: ${provider} ${step}${part}: ${why}`, { rollout: id, provider, step, share, why });
    },
    called: (provider, call) => log.info({ provider, ...summarizeCall(call) }, "changes a provider"),
  };
}

type Say = (text: string, data: Readonly<Record<string, unknown>>) => void;

/** What goes on being wrong is told again after this long. */
const tellAgainMs = 300_000;

function createComplaints({ log, clock }: VoiceOptions): FleetVoice["troubled"] {
  const told = new Map<string, { readonly sign: string; readonly at: number }>();
  return (what, error) => {
    const sign = `${error.code} ${error.message}`;
    const last = told.get(what);
    if (last?.sign === sign && clock.elapsed() - last.at < tellAgainMs) return;
    told.set(what, { sign, at: clock.elapsed() });
    log.warn({ err: error, what }, `${what}: ${error.message}`);
  };
}

function createTurned({ log, readLeader }: VoiceOptions, say: Say): SpeakingVoice["turned"] {
  let last: LeaderState | undefined;
  return (state, error) => {
    if (error !== undefined) log.warn({ err: error }, "the lead is lost");
    if (state === last) return;
    last = state;
    log.info({ state }, "turned");
    if (state === "leading") say("leads", { state });
    if (state !== "following") return;
    const follow = (leader = "nobody yet"): void => say(`follows ${leader}`, { state, leader });
    readLeader().then(follow, () => follow());
  };
}
