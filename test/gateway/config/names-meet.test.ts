import { expect, test } from "vitest";
import { z } from "zod";
import { configShape, namesMeet } from "#gateway/config.ts";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { configProblems, marked } from "#test/support/config-problems.ts";

const declared = `models: { m: { source: x }, n: { source: x } }
providers: { a: { kind: static, urls: ["http://a"] }, b: { kind: static, urls: ["http://a"] }, c: { kind: static, urls: ["http://a"] } }
routes:
`;

/** A configuration with one route, on line 4. */
const withRoute = (route: string): string => `${declared}  - { ${route} }\n`;

test.each([
  ["models: [^x], failover: [[a]]", ['models.0: model "x" is not declared under models']],
  [
    "models: [m], failover: [[a, ^x], [^y]]",
    [
      'failover.0.1: provider "x" is not declared under providers',
      'failover.1.0: provider "y" is not declared under providers',
    ],
  ],
  [
    "models: [m], failover: [[^constructor]]",
    ['failover.0.0: provider "constructor" is not declared under providers'],
  ],
  [
    "models: [m], failover: [[a], [^{ provider: a, weight: 2 }]]",
    ['failover.1.0: provider "a" is in this route already'],
  ],
  [
    "models: [m], failover: [[a]], canary: { ^provider: x, share: 1% }",
    ['canary.provider: provider "x" is not declared under providers'],
  ],
  [
    "models: [m], failover: [[a]], canary: { ^provider: a, share: 1% }",
    ['canary.provider: provider "a" is in this route already'],
  ],
  [
    "models: [m], failover: [[a]], shadow: { ^provider: x, share: 1% }",
    ['shadow.provider: provider "x" is not declared under providers'],
  ],
  [
    "models: [m], failover: [[a]], canary: { provider: b, share: 1% }, shadow: { ^provider: b, share: 1% }",
    ['shadow.provider: provider "b" is in this route already'],
  ],
  [
    "models: [m], failover: [[a]], agreement: { with: [^b, ^x] }",
    [
      'agreement.with.0: provider "b" is not in this route',
      'agreement.with.1: provider "x" is not in this route',
    ],
  ],
  [
    "models: [m], failover: [[a]], overrides: { ^n: { slo: 1s } }",
    ['overrides.n: model "n" is not in this route'],
  ],
  ["models: [m, ^m], failover: [[a]]", ['models.1: model "m" has a route already']],
])("the route `%s` is refused, each name in its place", (route, problems) => {
  const { text, places } = marked(withRoute(route));
  expect(configProblems(text)).toEqual(problems.map((problem, nth) => `${places[nth]}  routes.0.${problem}`));
});

test("who answers second may be a canary", () => {
  const route =
    "models: [m], failover: [[a]], canary: { provider: b, share: 1% }, agreement: { with: [a, b] }";
  expect(configProblems(withRoute(route))).toEqual([]);
});

test("what is wrong by itself hides none of the names, wherever it stands", () => {
  const { text, places } = marked(`models: { m: { source: x }, ^"bad name": { source: x } }
providers: { a: { ^kind: esc }, ^b: 5, c: { kind: static, ^urls: [], usdPerHour: 1, ^usdPerSecond: 1 } }
routes:
  - models: [^x]
    failover: [[a, { provider: y, ^weight: 0 }, ^z, ^7], ^[]]
    ^hedge: on
    ^colour: red
  - { ^models: m, failover: [[b]], ^canary: { ^provider: b } }
limits: { ^body: 1 }
`);
  const expected = [
    "models.bad name: expected letters, digits, dot, dash and underscore",
    'providers.a.kind: unknown kind "esc"',
    "providers.b: Invalid input: expected object, received number",
    "providers.c.urls: Too small",
    "providers.c.usdPerSecond: contradicts usdPerHour",
    'routes.0.models.0: model "x" is not declared under models',
    "routes.0.failover.0.1.weight: expected a weight above 0",
    'routes.0.failover.0.2: provider "z" is not declared under providers',
    "routes.0.failover.0.3: Invalid input",
    "routes.0.failover.1: expected at least one provider",
    'routes.0.hedge: expected "off"',
    'routes.0.colour: unknown key "colour"',
    "routes.1.models: Invalid input",
    "routes.1.canary.share: expected a share",
    'routes.1.canary.provider: provider "b" is in this route already',
    "limits.body: Invalid input",
  ].map((problem, nth) => `${places[nth]}  ${problem}`);
  const found = configProblems(text);
  for (const problem of expected) expect(found).toContainEqual(expect.stringContaining(problem));
  expect(found).toHaveLength(expected.length);
});

test("a section that is none at all is one problem, not one for every name", () => {
  const text =
    'models: 5\nproviders: { a: { kind: static, urls: ["http://a"] } }\nroutes: [{ models: [m, n], failover: [[a]] }]\n';
  expect(configProblems(text)).toEqual([expect.stringContaining("1:1  models: Invalid input")]);
  expect(configProblems("5\n")).toEqual([expect.stringContaining("1:1  Invalid input")]);
});

test("a file that holds more than a configuration is checked in the same way", () => {
  const Fleet = namesMeet(z.strictObject({ ...configShape, simulation: z.strictObject({ seed: z.int() }) }));
  const text = `${withRoute("models: [m], failover: [[a]]")}simulation: { seed: 7 }\n`;
  expect(parseYaml(text, Fleet, { file: "fleet.yaml" }).simulation).toEqual({ seed: 7 });
  const wrong = text.replace("[[a]]", "[[x]]").replace("seed: 7", "seed: x");
  expect(() => parseYaml(wrong, Fleet, { file: "fleet.yaml" })).toThrow("fleet.yaml has 2 problems");
});
