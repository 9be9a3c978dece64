import { mergeFacts, noFacts, type TrialFacts } from "../agreement/trial-facts.ts";

/** What one gateway has found out about a model at a backend. */
export type Finding = {
  readonly model: string;
  readonly backend: string;
  /** The step of the trial that it was found in, and the version of the weights; facts of others say nothing here. */
  readonly step: string;
  readonly version: string;
  readonly facts: TrialFacts;
  readonly state: "unknown" | "agrees" | "drifts";
  readonly isBarred: boolean;
  readonly why: string;
};

export type Reading = { readonly signal: AbortSignal };

/** Where gateways lay their findings together. */
export type TrialsStore = {
  /** Whether what is read is of all gateways. */
  readonly isShared: boolean;
  /** Replaces what this gateway said before of the same model at the same backend. */
  readonly write: (gateway: string, findings: readonly Finding[], options: Reading) => Promise<void>;
  /** The newest first. */
  readonly read: (options: Reading) => Promise<readonly Finding[]>;
};

/** For a gateway without a database: what this process found. */
export function createTrialsInMemory(): TrialsStore {
  const kept = new Map<string, Finding>();
  return {
    isShared: false,
    write: async (_, findings) => {
      for (const finding of findings) {
        const key = JSON.stringify([finding.model, finding.backend]);
        kept.delete(key);
        kept.set(key, finding);
      }
    },
    read: async () => [...kept.values()].reverse(),
  };
}

/** The findings of one step, those of all gateways about one backend as one; the newest said which weights it has. */
export function findingsOfStep(
  findings: readonly Finding[],
  { model, step }: Pick<Finding, "model" | "step">,
): readonly Finding[] {
  const merged = new Map<string, Finding>();
  for (const finding of findings) {
    if (finding.model !== model || finding.step !== step) continue;
    const known = merged.get(finding.backend);
    if (known && known.version !== finding.version) continue;
    merged.set(
      finding.backend,
      known ? together(known, finding) : { ...finding, facts: copied(finding.facts) },
    );
  }
  return [...merged.values()];
}

/** One gateway that saw it drift is enough to say so. */
function together(known: Finding, finding: Finding): Finding {
  mergeFacts(known.facts, finding.facts);
  const { state, why } = rank[finding.state] > rank[known.state] ? finding : known;
  return { ...known, state, why, isBarred: known.isBarred || finding.isBarred };
}

const rank = { unknown: 0, agrees: 1, drifts: 2 } as const;

function copied(facts: TrialFacts): TrialFacts {
  const copy = noFacts();
  mergeFacts(copy, facts);
  return copy;
}
