import { trialTable } from "#gateway/agreement/trial-status.ts";
import type { TrialsReport } from "#gateway/trials/compare-beside.ts";
import type { CandidateReport, TrialReport } from "#gateway/trials/report-trials.ts";
import { printable } from "../explain/table.ts";

/** The trials as a person reads them: a table for each model, and what may be done next. */
export function showTrials({ isShared, trials }: TrialsReport): string {
  if (trials.length === 0) return "nothing is compared: no route has agreement, a canary or a shadow";
  const note = isShared ? [] : ["of this gateway alone, since its start: it has no database", ""];
  return [...note, trials.map(showTrial).join("\n\n")].join("\n");
}

function showTrial({ model, incumbents, candidates, drifting }: TrialReport): string {
  const rows = [...incumbents, ...candidates.map(({ row }) => row)];
  const lines = [
    model,
    trialTable(rows),
    ...candidates.map((one) => `${one.provider}, ${roleOf(one)}: ${one.verdict} (${one.why})`),
    ...drifting.map(({ backend, isBarred, why }) => {
      return `${backend} drifts${isBarred ? " and is taken out of choice" : ""}: ${why}`;
    }),
  ];
  return lines
    .flatMap((line) => line.split("\n"))
    .map(printable)
    .join("\n");
}

function roleOf({ kind, share }: CandidateReport): string {
  const percent = `${Number((share * 100).toPrecision(6))}%`;
  return kind === "canary" ? `canary with ${percent}` : `shadow with copies of ${percent}`;
}
