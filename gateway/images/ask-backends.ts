import type { ImageAnswer, ModelInfo } from "#inference/contract.ts";
import { chargedUsd } from "../dispatch/charged-usd.ts";
import type { Dispatched, Dispatcher } from "../dispatch/dispatch.ts";
import { objectiveOf } from "../fleet/route-objective.ts";
import { moneyOf } from "../fleet/route-terms.ts";
import { type Backend, inNanoUsd } from "../fleet/snapshot.ts";
import type { Decisions } from "../ledger/open-decisions.ts";
import type { Recorded } from "../ledger/record-pursuit.ts";
import { type WatchedPursuit, watchPursuit } from "../ledger/watch-pursuit.ts";
import type { Comparing } from "../trials/compare-beside.ts";
import { downscaled } from "./downscaled.ts";
import type { Look } from "./look.ts";

export type AskBackends = Pick<
  Look,
  "ask" | "route" | "able" | "image" | "number" | "options" | "receivedAt" | "signal"
> & { readonly deps: AskDeps };

type AskDeps = {
  readonly dispatcher: Dispatcher;
  readonly ledger: Pick<Decisions, "record">;
  /** Who asks others beside requests. */
  readonly comparing?: Pick<Comparing, "answered" | "recorded">;
};

export type BackendsAnswer = ImageAnswer & {
  readonly backend: Backend;
  readonly model: ModelInfo;
  /** What the tenant is charged. */
  readonly nanoUsd: number;
  /** How it came to be asked. */
  readonly recorded: Recorded | undefined;
};

/** Sends the image, or a smaller copy of it, to whoever answers it best. */
export function askBackends(asking: AskBackends): Promise<BackendsAnswer> {
  const { route, able, image, signal } = asking;
  const { prepare: rules } = route.rules;
  const { task } = able.expected ?? {};
  const send = (pieces: readonly Uint8Array[]) => dispatchImage(asking, pieces);
  if (rules.downscale === "never" || !task) return send(image.pieces);
  // Whoever is asked later gets the same copy.
  const inputs = able.models.flatMap((model) => model?.input ?? []);
  return downscaled({ image, inputs, task, rules, signal }, send);
}

async function dispatchImage(asking: AskBackends, pieces: readonly Uint8Array[]): Promise<BackendsAnswer> {
  const { ask, route, able, options, receivedAt, signal, deps } = asking;
  const { models } = able;
  const { onChoice, onFailure, onEnd, recorded } = watch(asking);
  const bytes = lengthOf(pieces);
  const dispatched = await deps.dispatcher.dispatch({
    pool: route.pool,
    backends: route.backends,
    able: ({ place }) => models[place] !== undefined,
    bytes,
    ...(options.objective && { money: moneyOf[options.objective] }),
    deadlineAt: receivedAt + (options.deadlineMs ?? route.sloMs),
    send: async (backend, to) => {
      const model = models[to.place] as ModelInfo;
      const call = { model, image: pieces, options: options.detect, trace: ask.trace, signal: to.signal };
      return { model, found: await backend.client.detect(call) };
    },
    signal,
    ...{ onChoice, onFailure, onEnd },
  });
  const { answer, backend, by } = dispatched;
  const sent = { pieces, bytes, trace: ask.trace, tenant: ask.caller.tenant.id, options: options.detect };
  const told = { answer: answer.found, model: answer.model, backend, lane: by.lane };
  deps.comparing?.answered({ route, models, ...sent, ...told });
  return { ...presented(dispatched, route.nanoUsdEach), recorded: recorded() };
}

function watch({ ask, route, able, number, options, deps }: AskBackends): WatchedPursuit {
  const { requestId, caller } = ask;
  const watched = watchPursuit(deps.ledger, {
    requestId,
    image: number,
    tenant: caller.tenant.id,
    keyId: caller.id,
    model: route.model,
    version: able.expected?.version,
    objective: options.objective ?? objectiveOf(route.pool.terms),
  });
  const onEnd: WatchedPursuit["onEnd"] = (course, code) => {
    watched.onEnd(course, code);
    const recorded = watched.recorded();
    if (recorded) deps.comparing?.recorded(route, recorded);
  };
  return { ...watched, onEnd };
}

type Found = { readonly model: ModelInfo; readonly found: ImageAnswer };

function presented(
  { answer, backend, tries }: Dispatched<Found>,
  mostNanoUsd: number,
): Omit<BackendsAnswer, "recorded"> {
  const { model, found } = answer;
  // What was reserved is the most that is charged, whatever it took.
  const nanoUsd = Math.min(mostNanoUsd, inNanoUsd(chargedUsd(tries)));
  return { ...found, backend, model, nanoUsd };
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.byteLength;
  return bytes;
}
