import type { PassCall } from "#adapters/open-inference.ts";
import { asTradewindError } from "#infra/runtime/errors.ts";
import type { Caller } from "../caller.ts";
import { chargedUsd } from "../dispatch/charged-usd.ts";
import { objectiveOf } from "../fleet/route-objective.ts";
import { type Backend, inNanoUsd } from "../fleet/snapshot.ts";
import { type WatchedPursuit, watchPursuit } from "../ledger/watch-pursuit.ts";
import type { OpenInferenceDeps, Watch } from "./deps.ts";
import type { Target } from "./find-target.ts";
import { type Passed, passOnce, wasGivenUp } from "./pass-on.ts";

export type DispatchInfer = {
  readonly requestId: string;
  readonly caller: Caller;
  readonly target: Target;
  readonly call: PassCall & { readonly body: Uint8Array };
  /** Who has the model. */
  readonly able: ReadonlySet<Backend>;
  readonly images: number;
  readonly watch: Watch;
};

export type DispatchInferDeps = Pick<OpenInferenceDeps, "dispatcher" | "ledger" | "clock">;

export type PassedFor = Passed & { readonly nanoUsd: number };

/**
 * Tensors go to backends as images do, by price and deadline, but never twice at once: they may belong to a sequence,
 * and are many times larger.
 */
export async function dispatchInfer(asked: DispatchInfer, deps: DispatchInferDeps): Promise<PassedFor> {
  const { target, call, able, images, watch } = asked;
  const { dispatcher, clock } = deps;
  const { route } = target;
  const { onChoice, onFailure, onEnd } = watched(asked, deps);
  const dispatched = await dispatcher.dispatch({
    pool: route.tensors,
    backends: route.backends,
    able: ({ place }) => able.has(route.backends[place] as Backend),
    bytes: call.body.byteLength,
    deadlineAt: clock.elapsed() + route.sloMs,
    mayHedge: false,
    signal: call.signal,
    ...{ onChoice, onFailure, onEnd },
    send: async (backend, { signal }) => {
      try {
        return await passOnce(target, { ...call, signal, onSent: watch.sent }, backend);
      } catch (thrown) {
        const failure = asTradewindError(thrown);
        if (!wasGivenUp(failure)) watch.failed();
        throw failure;
      }
    },
  });
  return { ...dispatched.answer, nanoUsd: inNanoUsd(chargedUsd(dispatched.tries, images)) };
}

/** However many images are in it, it is one decision. */
function watched(
  { requestId, caller, target }: DispatchInfer,
  { ledger }: DispatchInferDeps,
): WatchedPursuit {
  const { route, version } = target;
  return watchPursuit(ledger, {
    requestId,
    image: 0,
    tenant: caller.tenant.id,
    keyId: caller.id,
    model: route.model,
    version,
    objective: objectiveOf(route.tensors.terms),
  });
}
