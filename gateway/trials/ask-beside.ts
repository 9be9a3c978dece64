import type { ImageAnswer, ModelInfo } from "#inference/contract.ts";
import type { Purpose, Sample } from "../agreement/sampler.ts";
import type { Standing } from "../dispatch/standing.ts";
import type { Backend } from "../fleet/snapshot.ts";
import type { Decisions } from "../ledger/open-decisions.ts";
import type { AnsweredImage } from "./answered-image.ts";
import { thoughtUsd } from "./pick-second.ts";

export type AskedBeside = {
  readonly what: Purpose;
  readonly image: AnsweredImage;
  readonly backend: Backend;
  readonly model: ModelInfo;
  readonly standing: Standing;
  readonly sample: Pick<Sample, "usd">;
};

export type AskBesideDeps = {
  readonly ledger: Pick<Decisions, "spend">;
  /** Milliseconds since 1970 that never run backwards. */
  readonly now: () => number;
};

export type Beside = {
  readonly ask: (signal: AbortSignal) => Promise<Pick<ImageAnswer, "detections">>;
  readonly costOf: (ms: number) => number;
};

/** Asks a backend beside the path: it counts there as any other request does, and the ledger has a line of it. */
export function askBeside(asked: AskedBeside, deps: AskBesideDeps): Beside {
  const { image, backend, model } = asked;
  const { pieces, options, trace } = image;
  const costOf = costFrom(asked, deps.now());
  const ask: Beside["ask"] = async (signal) => {
    const leave = enter(asked, deps, costOf);
    try {
      const answer = await backend.client.detect({ model, image: pieces, options, trace, signal });
      leave({ isAnswered: true });
      return answer;
    } catch (error) {
      leave({ isAnswered: false });
      throw error;
    }
  };
  return { ask, costOf };
}

/** Only what is paid by the second of a request is known better after it. */
function costFrom({ image, standing, sample }: AskedBeside, now: number): Beside["costOf"] {
  if (standing.terms.billing !== "request") return () => sample.usd;
  return (ms) => thoughtUsd(standing, { bytes: image.bytes, ms, now });
}

type Leave = (how: { readonly isAnswered: boolean }) => void;

function enter(asked: AskedBeside, { now, ledger }: AskBesideDeps, costOf: Beside["costOf"]): Leave {
  const { what, image, backend, standing, sample } = asked;
  const beganAt = now();
  const load = standing.load(beganAt);
  standing.inFlight += 1;
  standing.spending.hold(sample.usd);
  // Where it is awake anyway, what is asked beside requests may not count, or it would be kept awake by this alone.
  const wakes = !standing.warmth.isAwake(beganAt);
  if (wakes) standing.warmth.started(beganAt);
  return ({ isAnswered }) => {
    const endedAt = now();
    const usd = costOf(endedAt - beganAt);
    standing.inFlight -= 1;
    standing.spending.settle(sample.usd, usd, endedAt);
    if (isAnswered && wakes) standing.warmth.answered(endedAt, load, undefined);
    const { tenant, route, bytes } = image;
    ledger.spend({ kind: what, at: endedAt, tenant, model: route.model, backend: backend.name, usd, bytes });
  };
}
