import { expect, test } from "vitest";
import { configProblems, marked } from "#test/support/config-problems.ts";

const azure =
  "subscription: 00000000-0000-0000-0000-000000000000, resourceGroup: vision, region: eastus, app: detector";

/** A configuration with one provider, on line 2. */
const withProvider = (provider: string): string => `models: { m: { source: x } }
providers: { ${provider} }
routes: [{ models: [m], failover: [[a]] }]
`;

test.each([
  [
    "^a: { kind: cloud-run, project: p, region: r, service: s }",
    "a: billed by the instance, so it needs a price: give price, usdPerHour or usdPerSecond",
  ],
  [
    `a: { kind: container-apps, ${azure}, ^price: azure/container-apps/t4 }`,
    "a.price: the price book knows no price for azure/container-apps/t4",
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, ^price: aws/g6.xlarge/us-east-9 }",
    'a.price: the price book has no "aws/g6',
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, ^price: aws/egress }",
    'a.price: the price book has no "aws/egress"',
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, usdPerHour: 1, ^usdPerSecond: 1 }",
    "a.usdPerSecond: contradicts usdPerHour",
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, concurrency: 4, ^perInstance: 8 }",
    "a.perInstance: expected at most concurrency",
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, budget: { ^usdPerHour: 0 } }",
    "a.budget.usdPerHour: Too small",
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, budget: { ^usdPerYear: 1 } }",
    'a.budget.usdPerYear: unknown key "usdPerYear"',
  ],
  [
    "a: { kind: ecs, region: us-east-1, cluster: c, service: s, ^prior: { base: 1ms } }",
    "a.prior.perInFlight: Invalid input",
  ],
  ['a: { kind: static, urls: ["http://x"], ^colour: red }', 'a.colour: unknown key "colour"'],
  ["a: { kind: static, ^urls: [] }", "a.urls: Too small"],
  ["a: { ^kind: esc }", 'a.kind: unknown kind "esc"'],
])("the provider `%s` is refused where it stands", (provider, problem) => {
  const { text, places } = marked(withProvider(provider));
  expect(configProblems(text)).toEqual([expect.stringContaining(`${places[0]}  providers.${problem}`)]);
});

test("a provisioned provider whose price is not known is allowed", () => {
  expect(
    configProblems(
      withProvider(`a: { kind: app-service, ${azure}, plan: p, price: azure/app-service/p1v3 }`),
    ),
  ).toEqual([]);
});
