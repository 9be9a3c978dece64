import { expect, test } from "vitest";
import { configProblems, marked } from "#test/support/config-problems.ts";

const azure =
  "subscription: 00000000-0000-0000-0000-000000000000, resourceGroup: vision, region: eastus, app: detector";

/** A configuration whose model `m` needs a GPU, with one route on line 7. */
const withRoute = (route: string): string => `models: { m: { source: x, gpu: true }, n: { source: x } }
providers:
  cpu: { kind: app-service, ${azure}, plan: vision }
  gpu: { kind: ecs, region: us-east-1, cluster: vision, service: detector }
  own: { kind: static, urls: ["http://10.0.0.5:8000"] }
routes:
  - { ${route} }
`;

test.each([
  ["models: [m], failover: [[own, ^cpu]]", "routes.0.failover.0.1"],
  ["models: [n, m], failover: [[own], [gpu, ^{ provider: cpu, weight: 2 }]]", "routes.0.failover.1.1"],
  ["models: [m], failover: [[own]], canary: { ^provider: cpu, share: 1% }", "routes.0.canary.provider"],
  ["models: [m], failover: [[own]], shadow: { ^provider: cpu, share: 1% }", "routes.0.shadow.provider"],
])("a model that needs a GPU is refused in `%s`, where there is none", (route, path) => {
  const { text, places } = marked(withRoute(route));
  const [problem = "", ...more] = configProblems(text);
  expect(more).toEqual([]);
  expect(problem).toContain(`${places[0]}  ${path}: model "m" needs a GPU, and "cpu" has none: `);
  expect(problem, "it says where the model has a place").toMatch(/container.apps/i);
});

test("a model that needs a GPU may go to whatever has one or may have one", () => {
  expect(configProblems(withRoute("models: [m, n], failover: [[own], [gpu]]"))).toEqual([]);
});

test("a model that needs none may go anywhere", () => {
  expect(configProblems(withRoute("models: [n], failover: [[own, cpu], [gpu]]"))).toEqual([]);
});

test("each place without a GPU is told of, in every route", () => {
  const text = withRoute("models: [m], failover: [[cpu]], shadow: { provider: cpu, share: 1% }");
  expect(configProblems(text).length).toBeGreaterThanOrEqual(1);
  const many = text.replace("models: [m]", "models: [m], canary: { provider: own, share: 1% }");
  const told = configProblems(many.replace("shadow: { provider: cpu, share: 1% }", "slo: 1s"));
  expect(told).toEqual([expect.stringContaining("routes.0.failover.0.0")]);
});

test("a provider that nobody declared is one problem, and not one about its GPU too", () => {
  expect(configProblems(withRoute("models: [m], failover: [[moon]]"))).toEqual([
    expect.stringContaining('provider "moon" is not declared'),
  ]);
});
