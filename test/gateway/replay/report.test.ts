import { expect, test } from "vitest";
import { lowerBound } from "#gateway/replay/lower-bound.ts";
import { policies } from "#gateway/replay/policies/policies.ts";
import { observedIn } from "#gateway/replay/report/observed.ts";
import { showReport } from "#gateway/replay/report/show-report.ts";
import { type ReplayReport, resultOf } from "#gateway/replay/report.ts";
import { simulate } from "#gateway/replay/simulate.ts";
import { backendOf, fleetOf, poisson, route } from "#test/support/simulated.ts";

const fleet = fleetOf(backendOf("one", { terms: { usdPerSecond: 0.001 } }), backendOf("two"));

test("what a log observed leaves out requests without a time, and a failure is no answer in time", () => {
  const observedMs = Float64Array.of(100, Number.NaN, 300, 50, 200);
  const statuses = Float64Array.of(200, 200, 200, 503, 0);
  expect(observedIn({ observedMs, statuses }, 250)).toEqual({
    ...{ timed: 4, p50: 100, p95: 300, p99: 300, p999: 300 },
    ...{ attainment: 0.5, failed: 1 },
  });
});

test("a log without times observed nothing", () => {
  expect(observedIn({ observedMs: undefined, statuses: undefined }, 250)).toBeUndefined();
  expect(observedIn({ observedMs: Float64Array.of(Number.NaN), statuses: undefined }, 250)).toBeUndefined();
});

test("a log without statuses does not claim that nothing failed", () => {
  const observedMs = Float64Array.of(1);
  expect(observedIn({ observedMs, statuses: undefined }, 250)?.failed).toBeUndefined();
});

test("regret is what a run cost above the bound, a share of it where the bound is something", () => {
  const arrivals = poisson({ rps: 5, seconds: 20 });
  const bound = lowerBound({ arrivals, fleet });
  const { tradewind } = policies;
  if (!tradewind) throw new Error("there is ours");
  const outcome = simulate({ arrivals, fleet, policy: tradewind, seed: 1 });
  const { regret } = resultOf("tradewind", outcome, bound);
  expect(regret.share).toBeCloseTo(outcome.cost / bound.cost - 1, 12);
  expect(resultOf("tradewind", outcome, { ...bound, cost: 0 }).regret.share).toBeNull();
});

test("a report of one policy shows its backends, one of several shows a line for each", () => {
  const one = showReport(reportOf(["tradewind"]));
  expect(one).toMatch(/^tradewind +100\.000 %/m);
  expect(one).toMatch(/^one +\d/m);
  const both = showReport(reportOf(["tradewind", "random"]));
  expect(both).toMatch(/^random +\d/m);
  expect(both).not.toMatch(/^one /m);
  expect(both).toContain("(LP relaxation)");
});

test("the columns of a report are aligned, and what a log says is a line among them", () => {
  const observed = { timed: 9, p50: 50, p95: 60, p99: 70, p999: 2_000, attainment: 0.9, failed: undefined };
  const lines = showReport({ ...reportOf(["tradewind", "random"]), observed }).split("\n");
  const head = lines.findIndex((line) => line.startsWith("policy"));
  expect(lines[head + 3]).toMatch(
    /^\(as the log says\) +90\.000 % +50\.0 ms +60\.0 ms +70\.0 ms +2000 ms +-$/,
  );
  const column = (line = "") => line.indexOf(" ms");
  expect(column(lines[head + 1])).toBe(column(lines[head + 3]));
});

test("names from a file do not move the cursor of whoever reads a report", () => {
  const report = reportOf(["tradewind"]);
  const text = showReport({ ...report, trace: { ...report.trace, file: "a\u001b[2Jb" } });
  expect(text).toContain("a?[2Jb");
  expect(text).not.toContain("\u001b");
});

function reportOf(names: readonly string[]): ReplayReport {
  const arrivals = poisson({ rps: 5, seconds: 20 });
  const bound = lowerBound({ arrivals, fleet });
  const lines = { read: 1, passed: 0, wrong: 1, firstWrong: [{ line: 1, why: "is empty" }] };
  const results = names.flatMap((name) => {
    const policy = policies[name];
    return policy ? [resultOf(name, simulate({ arrivals, fleet, policy, seed: 1 }), bound)] : [];
  });
  return {
    trace: {
      ...{ file: "t.log", sha256: "aa", format: "nginx", requests: arrivals.count, spanMs: 20_000, rps: 5 },
      ...{ lines, cut: false },
    },
    fleet: { file: "f.yaml", sha256: "bb", model: "digits-s", backends: ["one", "two"], faults: [] },
    ...{ route, seed: 1, gateways: 1, warmUpMs: 0, assumed: [], lowerBound: bound, results },
  };
}
