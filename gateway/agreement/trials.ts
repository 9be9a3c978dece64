import { answersCompared, type ComparedEvent } from "./agreement-channels.ts";
import { countAgreement, countOutcome, noFacts, type Outcome, type TrialFacts } from "./trial-facts.ts";

/** The facts of every model at every backend that is tried, or beside which another is. */
export type Trials = Disposable & {
  /** A request on the path; those beside it are heard of. */
  readonly count: (model: string, backend: string, outcome: Outcome) => void;
  /** Undefined where nothing was counted; it goes on being counted in. */
  readonly facts: (model: string, backend: string) => TrialFacts | undefined;
  /** For another step of the trial, or other weights. */
  readonly clear: (model: string, backend: string) => void;
};

/** Listens to comparisons until disposed. */
export function openTrials({ most = 1_000 }: { readonly most?: number } = {}): Trials {
  const all = new Map<string, TrialFacts>();
  const factsOf = (model: string, backend: string): TrialFacts | undefined => {
    const key = keyOf(model, backend);
    const known = all.get(key);
    // What is new beyond the bound is not tried: what is known would not be whole without its past.
    if (known || all.size >= most) return known;
    const facts = noFacts();
    all.set(key, facts);
    return facts;
  };
  const hear = ({ model, peer, agreement, code, ms, usd }: ComparedEvent): void => {
    // That we close is not the backend's failure.
    const facts = code === "draining" ? undefined : factsOf(model, peer);
    if (!facts) return;
    countOutcome(facts, { ms, usd, failed: code !== undefined });
    if (agreement !== undefined) countAgreement(facts, agreement);
  };
  const stop = answersCompared.subscribe(hear);
  return {
    count: (model, backend, outcome) => {
      const facts = factsOf(model, backend);
      if (facts) countOutcome(facts, outcome);
    },
    facts: (model, backend) => all.get(keyOf(model, backend)),
    clear: (model, backend) => {
      all.delete(keyOf(model, backend));
    },
    [Symbol.dispose]: stop,
  };
}

function keyOf(model: string, backend: string): string {
  return JSON.stringify([model, backend]);
}
