import { expect, test } from "vitest";
import { parseConfig, type RouteSettings } from "#gateway/config.ts";
import { moneyOf, routeTerms } from "#gateway/fleet/route-terms.ts";

const routeOf = (...more: string[]): RouteSettings => {
  const text = `models: { m: { source: x }, n: { source: x } }
providers: { a: { kind: static, urls: ["http://a"] } }
routes:
  - models: [m, n]
    failover: [[a]]
${more.map((line) => `    ${line}\n`).join("")}`;
  const [route] = parseConfig(text, { file: "t.yaml" }).routes;
  if (!route) throw new Error("no route");
  return route;
};

test("a route that says nothing weighs in a balanced way, hedges, retries and ejects", () => {
  expect(routeTerms(routeOf(), "m")).toEqual({
    sloMs: 2_000,
    money: moneyOf.balanced,
    hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_048_576 },
    retry: { share: 0.1, attempts: 3 },
    eject: { after: 3, baseMs: 2_000, mostMs: 64_000 },
  });
});

test("an objective is two prices, and prices that are given count for more", () => {
  const money = "money: { usdPerMiss: 0.5, usdPerSecond: 0 }";
  expect(routeTerms(routeOf("objective: cost"), "m").money).toEqual(moneyOf.cost);
  expect(routeTerms(routeOf("objective: latency", money), "m").money).toEqual({
    usdPerMiss: 0.5,
    usdPerSecond: 0,
  });
});

test("the more an objective asks for speed, the more it pays for it", () => {
  const { cost, balanced, latency } = moneyOf;
  expect(cost.usdPerSecond).toBeLessThan(balanced.usdPerSecond);
  expect(balanced.usdPerSecond).toBeLessThan(latency.usdPerSecond);
  expect(cost.usdPerMiss).toBeLessThanOrEqual(balanced.usdPerMiss);
  expect(balanced.usdPerMiss).toBeLessThanOrEqual(latency.usdPerMiss);
});

test("what is said of a model counts for that model alone, and what is not said is the route's", () => {
  const route = routeOf(
    "slo: 1s",
    "hedge: { share: 1%, quantile: 0.9 }",
    "overrides: { n: { slo: 150ms, hedge: { share: 2% }, retry: { attempts: 1 }, eject: { base: 1s } } }",
  );
  expect(routeTerms(route, "n")).toMatchObject({
    sloMs: 150,
    hedge: { share: 0.02, quantile: 0.9 },
    retry: { share: 0.1, attempts: 1 },
    eject: { after: 3, baseMs: 1_000, mostMs: 64_000 },
  });
  expect(routeTerms(route, "m")).toMatchObject({ sloMs: 1_000, hedge: { share: 0.01 } });
});

test("hedging is off for a route, for one of its models, or on for that one alone", () => {
  const off = routeOf("hedge: off", "overrides: { n: { hedge: { share: 2% } } }");
  expect(routeTerms(off, "m").hedge).toBeUndefined();
  expect(routeTerms(off, "n").hedge).toEqual({ share: 0.02, quantile: 0.95, mostBytes: 1_048_576 });
  const on = routeOf("overrides: { n: { hedge: off } }");
  expect(routeTerms(on, "m").hedge).toBeDefined();
  expect(routeTerms(on, "n").hedge).toBeUndefined();
});

test("a model's objective counts for more than its route's prices, and its own prices for most", () => {
  const money = "money: { usdPerMiss: 0.5, usdPerSecond: 0.5 }";
  const objective = routeOf(money, "overrides: { n: { objective: cost } }");
  expect(routeTerms(objective, "n").money).toEqual(moneyOf.cost);
  expect(routeTerms(objective, "m").money.usdPerMiss).toBe(0.5);
  const both = routeOf("overrides: { n: { objective: cost, money: { usdPerMiss: 1, usdPerSecond: 1 } } }");
  expect(routeTerms(both, "n").money).toEqual({ usdPerMiss: 1, usdPerSecond: 1 });
});
