import type { Candidate, Decision, TryMade } from "#gateway/ledger/decision.ts";
import { perMillion, tellDecision } from "#gateway/ledger/explain-decision.ts";
import { type Head, printable, table } from "./table.ts";

/** A decision as a person reads it: who could have answered, what was tried, and in one sentence why. */
export function showDecision(decision: Decision): string {
  const { candidates, more, tries } = decision;
  const parts = [
    title(decision),
    table(candidateHead, candidates.map(candidateRow)),
    ...(more > 0 ? [`and ${more} more`] : []),
    "",
    table(tryHead, tries.map(tryRow)),
    "",
    printable(tellDecision(decision)),
  ];
  return parts.join("\n");
}

function title(decision: Decision): string {
  const { requestId, image, at, tenant, model, version, deadlineMs, sloMs, objective, bytes } = decision;
  const named = version === undefined ? model : `${model} (${version})`;
  const wanted =
    Math.round(deadlineMs) === Math.round(sloMs) ? "" : `, where the route promises ${ms(sloMs)}`;
  return [
    `request ${requestId}, image ${image}: ${named} for ${tenant}, at ${new Date(at).toISOString()}`,
    `${bytes} bytes to be answered within ${ms(deadlineMs)}${wanted}; objective ${objective}`,
    "",
  ]
    .map(printable)
    .join("\n");
}

const candidateHead: Head = [
  { name: "candidate" },
  { name: "predicted", isNumber: true },
  { name: "$ per 1M", isNumber: true },
  { name: "late", isNumber: true },
  { name: "all in all", isNumber: true },
  { name: "verdict" },
];

function candidateRow(one: Candidate): string[] {
  const { backend, predictedMs, costUsd, missChance, scoreUsd, verdict } = one;
  return [
    backend,
    predictedMs === undefined ? "-" : ms(predictedMs),
    costUsd === undefined ? "-" : perMillion(costUsd),
    missChance === undefined ? "-" : percent(missChance),
    scoreUsd === undefined ? "-" : perMillion(scoreUsd),
    verdict,
  ];
}

const tryHead: Head = [
  { name: "try" },
  { name: "backend" },
  { name: "sent after", isNumber: true },
  { name: "predicted", isNumber: true },
  { name: "took", isNumber: true },
  { name: "$ per 1M", isNumber: true },
  { name: "what happened" },
];

function tryRow({
  kind,
  backend,
  sentAfterMs,
  predictedMs,
  costUsd,
  state,
  code,
  ...made
}: TryMade): string[] {
  const what = code === undefined ? ended[state] : `${ended[state]}: ${code}`;
  return [kind, backend, ms(sentAfterMs), ms(predictedMs), ms(made.ms), perMillion(costUsd), what];
}

const ended: Readonly<Record<TryMade["state"], string>> = {
  out: "no answer yet",
  answered: "answered",
  failed: "failed",
  abandoned: "given up, nobody waited any more",
};

function ms(time: number): string {
  return `${time < 100 ? time.toFixed(1) : Math.round(time)} ms`;
}

function percent(chance: number): string {
  const share = chance * 100;
  return `${share > 0 && share < 0.1 ? "<0.1" : share.toFixed(1)} %`;
}
