import type { ProviderCall } from "#adapters/hand.ts";
import { type Passage, providerInHand, type Rollout } from "#gateway/operations/rollouts/rollout.ts";
import { summarizeCall } from "#gateway/operations/summarize-call.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import { printable } from "../explain/table.ts";
import type { Operator } from "./operator.ts";

/** Says what becomes of a rollout: a line for each thing that happens, for people or for programs. */
export type RolloutVoice = {
  readonly passed: (rollout: Rollout, passage: Passage) => void;
  readonly waits: (rollout: Rollout) => void;
  readonly troubled: (rollout: Rollout, error: TradewindError) => void;
  readonly calls: (provider: string, call: ProviderCall) => void;
  /** Gates could not be skipped. */
  readonly unwished: (id: string, error: TradewindError) => void;
  readonly ended: (rollout: Rollout) => void;
  /** Nobody watches it any more. */
  readonly left: (id: string) => void;
};

export function rolloutVoice(
  { tell, clock }: Pick<Operator, "tell" | "clock">,
  isJson: boolean,
): RolloutVoice {
  const say = (at: number, text: string, data: Readonly<Record<string, unknown>>): void => {
    const moment = new Date(at).toISOString();
    tell(isJson ? JSON.stringify({ at: moment, ...data }) : `${moment.slice(11, 19)}  ${printable(text)}`);
  };
  let lastTrouble = "";
  return {
    passed: ({ id }, { at, provider, step, share, why }) => {
      const given = share === null ? "" : ` ${Number((100 * share).toPrecision(6))}%`;
      const data = { rollout: id, provider, step, share, why };
      say(at, `${provider}: ${step}${given}${why === "" ? "" : `, since ${why}`}`, data);
    },
    waits: (rollout) => {
      const { id, state } = rollout;
      const provider = providerInHand(rollout);
      say(clock.now(), `${provider}: ${state.waiting}`, { rollout: id, provider, waiting: state.waiting });
    },
    troubled: (rollout, { code, message }) => {
      if (message === lastTrouble) return;
      lastTrouble = message;
      const provider = providerInHand(rollout);
      say(clock.now(), `${provider}: ${message}`, { rollout: rollout.id, provider, trouble: code, message });
    },
    calls: (provider, call) =>
      say(clock.now(), `${provider}: calls ${call.action}`, { provider, call: summarizeCall(call) }),
    unwished: (id, { code, message }) =>
      say(clock.now(), `its gates stay: ${message}`, { rollout: id, trouble: code, message }),
    ended: ({ id, outcome, state, endedAt, createdAt }) => {
      const at = endedAt?.getTime() ?? clock.now();
      const seconds = Math.round((at - createdAt.getTime()) / 1_000);
      const how = outcome === "done" ? "done" : `rolled back, since ${state.back}`;
      say(at, `rollout ${id}: ${how}, after ${seconds} s`, {
        rollout: id,
        outcome,
        why: state.back,
        seconds,
      });
    },
    left: (id) => {
      const hint = "tradewind fleet --apply takes it further, or tradewind rollback takes it back";
      say(clock.now(), `rollout ${id} stands where it is: ${hint}`, { rollout: id, outcome: null, hint });
    },
  };
}
