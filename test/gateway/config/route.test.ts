import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { configProblems, marked } from "#test/support/config-problems.ts";

/** A configuration whose route says more, on line 5 and those that follow. */
const withRoute = (...more: string[]): string => {
  const failover = more.some((line) => /^\^?failover/.test(line)) ? [] : ["failover: [[a]]"];
  return `models: { m: { source: x }, n: { source: x } }
providers: { a: { kind: static, urls: ["http://a"] }, b: { kind: static, urls: ["http://a"] }, c: { kind: static, urls: ["http://a"] }, d: { kind: static, urls: ["http://a"] } }
routes:
  - models: [m, n]
${[...more, ...failover].map((line) => `    ${line}\n`).join("")}`;
};

const routeOf = (...more: string[]) => parseConfig(withRoute(...more), { file: "t.yaml" }).routes[0];

test("a member of a group is a name, or a name with its weight", () => {
  const route = routeOf("failover: [[a, { provider: b, weight: 3 }], [{ provider: c }]]");
  expect(route?.failover).toEqual([
    [
      { provider: "a", weight: 1 },
      { provider: "b", weight: 3 },
    ],
    [{ provider: "c", weight: 1 }],
  ]);
});

test("canary, agreement and shadow are as they are written, with what is not said filled in", () => {
  const route = routeOf(
    "canary: { provider: b, share: 5% }",
    "agreement: { with: [b] }",
    "shadow: { provider: c, share: 0.1 }",
  );
  expect(route).toMatchObject({
    canary: { provider: "b", share: 0.05 },
    agreement: { share: 0.01, with: ["b"], minimum: 0.9, eject: false },
    shadow: { provider: "c", share: 0.1, usdPerHour: 1 },
  });
});

test("a route without them has no canary, no agreement, no shadow and no prices of its own", () => {
  const route = routeOf();
  for (const key of ["canary", "agreement", "shadow", "money"]) expect(route).not.toHaveProperty(key);
});

test("hedging may be off, or say a part of what it wants", () => {
  expect(routeOf("hedge: off")?.hedge).toBe("off");
  expect(routeOf("hedge: { share: 1% }")?.hedge).toEqual({
    share: 0.01,
    quantile: 0.95,
    mostBytes: 1_048_576,
  });
});

test("what a model wants otherwise holds only what is said", () => {
  const route = routeOf("overrides: { n: { slo: 150ms, hedge: { quantile: 0.9 }, retry: { attempts: 1 } } }");
  expect(route?.overrides).toEqual({
    n: { slo: 150, hedge: { quantile: 0.9 }, retry: { attempts: 1 } },
  });
});

const weightless = "expected a weight above 0; to give a provider nothing, leave it out";

test.each([
  ["failover: [[a, { provider: b, ^weight: 0 }]]", [`failover.0.1.weight: ${weightless}`]],
  ["failover: [[{ provider: b, ^weight: -1 }]]", [`failover.0.0.weight: ${weightless}`]],
  [
    "failover: [[{ provider: a, ^weight: 0 }, { provider: b, ^weight: 0 }]]",
    [`failover.0.0.weight: ${weightless}`, `failover.0.1.weight: ${weightless}`],
  ],
  ["failover: [[a], ^[]]", ["failover.1: expected at least one provider in a group"]],
  ["^failover: []", ["failover: expected at least one group of providers"]],
  ["failover: [[^{ weight: 1 }]]", ["failover.0.0.provider: Invalid input"]],
  ["failover: [[{ provider: a, ^wait: 1 }]]", ['failover.0.0.wait: unknown key "wait"']],
  ["failover: [[^5]]", ["failover.0.0: Invalid input: expected object, received number"]],
  ["failover: [^a]", ["failover.0: Invalid input: expected array, received string"]],
  ["^hedge: on", ['hedge: expected "off", or settings in its place']],
  ["hedge: { ^share: 51% }", ['hedge.share: expected a share from 0% to 50%, got "51%"']],
  ["hedge: { ^quantile: 1 }", ["hedge.quantile: Too big"]],
  ["hedge: { ^colour: red }", ['hedge.colour: unknown key "colour"']],
  ["retry: { ^attempts: 0 }", ["retry.attempts: Too small"]],
  ["retry: { ^share: 10 }", ["retry.share: expected a share from 0% to 100%, got 10"]],
  ["eject: { ^after: 0 }", ["eject.after: Too small"]],
  [
    "^eject: { base: 2m }",
    ["eject: the longest rest of 64000 ms is shorter than the first one of 120000 ms"],
  ],
  [
    "overrides: { m: { ^eject: { most: 1s } }, n: { eject: { after: 1 } } }",
    ["overrides.m.eject: the longest rest of 1000 ms is shorter than the first one of 2000 ms"],
  ],
  ["overrides: { m: { ^colour: red } }", ['overrides.m.colour: unknown key "colour"']],
  ["overrides: { m: { ^hedge: on } }", ['overrides.m.hedge: expected "off", or settings']],
  ["money: { ^usdPerMiss: 0, usdPerSecond: 0 }", ["money.usdPerMiss: Too small"]],
  ["^money: { usdPerMiss: 1 }", ["money.usdPerSecond: Invalid input"]],
  ["^objective: fast", ["objective: Invalid option"]],
  ["^canary: { provider: b }", ["canary.share: expected a share such as 5% or 0.05"]],
  ["canary: { provider: b, ^share: 5 }", ["canary.share: expected a share from 0% to 100%"]],
  ["shadow: { provider: b, share: 5%, ^usdPerHour: 0 }", ["shadow.usdPerHour: Too small"]],
  ["agreement: { ^with: [] }", ["agreement.with: Too small"]],
  ["agreement: { ^minimum: 2 }", ["agreement.minimum: expected a share"]],
  ["^colour: red", ['colour: unknown key "colour"']],
])("the route's line `%s` is refused where it stands", (line, expected) => {
  const { text, places } = marked(withRoute(line));
  const problems = expected.map((problem, nth) => `${places[nth]}  routes.0.${problem}`);
  expect(configProblems(text)).toEqual(problems.map((problem) => expect.stringContaining(problem)));
});
