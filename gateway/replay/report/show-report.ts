import type { BackendOutcome } from "../outcome.ts";
import type { PolicyResult, ReplayReport } from "../report.ts";
import type { Observed } from "./observed.ts";
import { alignedTable, type Column } from "./table.ts";

/** A report as a person reads it: what was replayed, a line for each policy, and of a single one its backends. */
export function showReport(report: ReplayReport): string {
  const { results } = report;
  const [only] = results;
  const parts = [
    ...titleOf(report),
    "",
    alignedTable(policyColumns, [...results.map(policyRow), ...observedRow(report.observed)]),
    "",
    ...(only && results.length === 1
      ? [alignedTable(backendColumns, only.backends.map(backendRow)), ""]
      : []),
    boundOf(report),
    ...wrongLines(report),
    ...(report.assumed.length > 0 ? [`assumed: ${report.assumed.join("; ")}`] : []),
  ];
  return parts.map(printable).join("\n");
}

function titleOf({ trace, fleet, route, seed, gateways, warmUpMs }: ReplayReport): string[] {
  const { requests, rps, spanMs, format, file } = trace;
  const { usdPerMiss, usdPerSecond } = route.money;
  const late = `a miss costs $${usdPerMiss} and a second $${usdPerSecond}`;
  const warm = warmUpMs > 0 ? `, the first ${seconds(warmUpMs)} not counted` : "";
  const many = gateways > 1 ? `, ${gateways} gateways` : "";
  return [
    `${file} (${format}): ${requests} requests in ${seconds(spanMs)}, ${rps.toFixed(1)} a second${warm}`,
    `${fleet.file}: ${fleet.backends.length} backends for ${fleet.model}, SLO ${route.sloMs} ms, ${late}`,
    `seed ${seed}${many}${faultsOf(fleet)}`,
  ];
}

function faultsOf({ faults }: ReplayReport["fleet"]): string {
  const told = faults.slice(0, 3).map(({ backend, kind, fromMs, toMs }) => {
    return `${backend} ${kind} from ${seconds(fromMs)} to ${seconds(toMs)}`;
  });
  const more = faults.length > told.length ? [`${faults.length - told.length} more faults`] : [];
  return [...told, ...more].map((one) => `, ${one}`).join("");
}

const number = (name: string): Column => ({ name, isNumber: true });

const policyColumns: readonly Column[] = [
  { name: "policy" },
  number("in time"),
  number("p50"),
  number("p95"),
  number("p99"),
  number("p99.9"),
  number("failed"),
  number("hedged"),
  number("retried"),
  number("woken"),
  number("$ per 1M"),
  number("variable"),
  number("with misses"),
  number("regret"),
];

function policyRow(result: PolicyResult): string[] {
  const { policy, requests, attainment, latencyMs, failed, hedges, retries, wakes } = result;
  const { p50, p95, p99, p999 } = latencyMs;
  const { total, variable } = result.usdPerMillion;
  return [
    policy,
    percent(attainment),
    ...[p50, p95, p99, p999].map(ms),
    String(failed),
    share(hedges, requests),
    share(retries, requests),
    String(wakes),
    ...[total, variable, result.costPerMillion].map(usd),
    regretOf(result),
  ];
}

function observedRow(observed: Observed | undefined): string[][] {
  if (!observed) return [];
  const { attainment, p50, p95, p99, p999, failed } = observed;
  const shownFailed = failed === undefined ? "-" : String(failed);
  return [["(as the log says)", percent(attainment), ...[p50, p95, p99, p999].map(ms), shownFailed]];
}

const backendColumns: readonly Column[] = [
  { name: "backend" },
  number("answered"),
  number("late"),
  number("failed"),
  number("first"),
  number("hedges"),
  number("retries"),
  number("wakes"),
  number("predicted"),
  number("took"),
  number("instances"),
  number("paid"),
  number("$"),
  number("variable $"),
];

function backendRow(of: BackendOutcome): string[] {
  return [
    of.name,
    percent(of.share),
    ...[of.late, of.failed, of.first, of.hedges, of.retries, of.wakes].map(String),
    ...[of.predictedMs, of.tookMs].map(ms),
    String(of.instancesStarted),
    `${Math.round(of.paidSeconds)} s`,
    ...[of.usd, of.variableUsd].map((dollars) => dollars.toFixed(4)),
  ];
}

function boundOf({ lowerBound: { costPerMillion, attainment } }: ReplayReport): string {
  const least = `$${usd(costPerMillion)} per 1M requests, misses included`;
  return `nobody can do it for less than ${least}, nor serve more than ${percent(attainment)} in time (LP relaxation)`;
}

function wrongLines({ trace: { lines, cut } }: ReplayReport): string[] {
  const [first] = lines.firstWrong;
  return [
    ...(first ? [`${lines.wrong} lines were left out; line ${first.line} ${first.why}`] : []),
    ...(cut ? ["the trace goes on, but no more of it could be held"] : []),
  ];
}

function regretOf({ regret }: PolicyResult): string {
  return regret.share === null ? `$${usd(regret.usdPerMillion)}` : percent(regret.share, 1);
}

function percent(of: number, digits = 3): string {
  // What rounds to nothing has no sign.
  const rounded = Number((of * 100).toFixed(digits)) + 0;
  return `${rounded.toFixed(digits)} %`;
}

function share(part: number, of: number): string {
  return of === 0 ? "-" : percent(part / of, 2);
}

function ms(time: number): string {
  return `${time < 100 ? time.toFixed(1) : Math.round(time)} ms`;
}

function usd(dollars: number): string {
  return dollars.toFixed(dollars < 100 ? 2 : 0);
}

function seconds(of: number): string {
  return `${(of / 1000).toFixed(0)} s`;
}

/** Names that somebody else chose do not move a terminal's cursor. */
function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n]/gu, "?");
}
