import type { Config } from "../../config.ts";
import { type CandidateReport, reportTrials } from "../../trials/report-trials.ts";
import { percent } from "../../trials/splice-route.ts";
import { plansOfSettings } from "../../trials/trial-plan.ts";
import type { Finding } from "../../trials/trials-store.ts";
import { routesWith } from "./candidate-in-config.ts";
import type { Gate } from "./plan-rollout.ts";
import { candidateOf } from "./rollout.ts";

export type OnTrial = {
  readonly provider: string;
  readonly share: number;
  /** How often this is asked before patience ends, at most. */
  readonly looks: number;
};

/**
 * Whether a candidate may have more, by what all gateways found: failures, p95 and agreement of the answers, for each
 * model of each route that its provider is in. What was not measured, or too little, is inconclusive and never a pass.
 */
export function judgeCandidate(
  config: Pick<Config, "routes">,
  { provider, share, looks }: OnTrial,
  findings: readonly Finding[],
): Gate {
  const candidate = candidateOf(provider);
  const routes = routesWith(config, provider);
  const moved = routes.find(
    ({ canary }) => canary?.provider !== candidate || Math.abs(canary.share - share) > 1e-6,
  );
  if (moved) {
    const model = moved.models[0] ?? "";
    return { verdict: "away", why: `the configuration no longer gives it ${percent(share)} of ${model}` };
  }
  const reports = reportTrials(plansOfSettings(routes), findings, { quantile: 0.95, looks });
  const found = reports.flatMap(({ model, candidates }) =>
    candidates
      .filter((one) => one.kind === "canary" && one.provider === candidate)
      .map((report) => ({ model, report })),
  );
  return together(found);
}

type Found = { readonly model: string; readonly report: CandidateReport };

function together(found: readonly Found[]): Gate {
  const bad = found.filter(({ report }) => report.verdict === "roll back");
  const open = found.filter(({ report }) => report.verdict === "hold");
  if (bad.length > 0) return { verdict: "fail", why: inWords(bad) };
  if (open.length > 0) return { verdict: "inconclusive", why: inWords(open) };
  if (found.length === 0) return { verdict: "inconclusive", why: "no route tries it" };
  return { verdict: "pass", why: inWords(found) };
}

/** More models than that are only counted. */
const mostTold = 3;

function inWords(found: readonly Found[]): string {
  const told = found.slice(0, mostTold).map(({ model, report }) => `${model}: ${report.why}`);
  const more = found.length > mostTold ? [`and ${found.length - mostTold} more models`] : [];
  return [...told, ...more].join("; ").slice(0, 1_000);
}
