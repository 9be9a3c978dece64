import { type CanaryTerms, judgeCanary, type Verdict } from "../agreement/judge-canary.ts";
import { mergeFacts, noFacts, type TrialFacts } from "../agreement/trial-facts.ts";
import { type TrialRow, trialRow } from "../agreement/trial-status.ts";
import { type Candidate, providerOf, stepOf, type TrialPlan } from "./trial-plan.ts";
import { type Finding, findingsOfStep } from "./trials-store.ts";

/** How the trial of one model stands. */
export type TrialReport = {
  readonly model: string;
  /** A row for each provider that answers as a rule. */
  readonly incumbents: readonly TrialRow[];
  readonly candidates: readonly CandidateReport[];
  /** Whose answers differ from those of others. */
  readonly drifting: readonly Drifting[];
};

export type CandidateReport = Candidate & { readonly row: TrialRow } & Verdict;

export type Drifting = {
  readonly backend: string;
  /** Taken out of choice by one gateway at least. */
  readonly isBarred: boolean;
  readonly why: string;
};

/** What a verdict looks at beside the plan, where it is not the usual. */
export type JudgedBy = Pick<CanaryTerms, "quantile" | "looks">;

/** An answer in so much of the time that the route promises is soon enough, whatever the others need. */
const soonEnough = 0.5;

export function reportTrials(
  plans: readonly TrialPlan[],
  findings: readonly Finding[],
  terms: JudgedBy = {},
): readonly TrialReport[] {
  return plans.map((plan) => reportTrial(plan, findings, terms));
}

function reportTrial(plan: TrialPlan, findings: readonly Finding[], judgedBy: JudgedBy): TrialReport {
  const { model, incumbents, candidates, minimum, sloMs } = plan;
  const found = findingsOfStep(findings, { model, step: stepOf(plan) });
  const incumbent = factsOf(found, incumbents);
  const terms = { ...judgedBy, minimum, fastEnoughMs: soonEnough * sloMs };
  return {
    model,
    incumbents: incumbents.map((provider) => trialRow(provider, factsOf(found, [provider]))),
    candidates: candidates.map((one) => {
      const candidate = factsOf(found, [one.provider]);
      const row = trialRow(one.provider, candidate);
      return { ...one, row, ...judgeCanary({ candidate, incumbent }, terms) };
    }),
    drifting: found
      .filter(({ state }) => state === "drifts")
      .map(({ backend, isBarred, why }) => ({ backend, isBarred, why })),
  };
}

/** Of all backends of some providers together. */
function factsOf(findings: readonly Finding[], providers: readonly string[]): TrialFacts {
  const facts = noFacts();
  for (const finding of findings)
    if (providers.includes(providerOf(finding.backend))) mergeFacts(facts, finding.facts);
  return facts;
}
