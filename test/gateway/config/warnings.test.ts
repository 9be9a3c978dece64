import { expect, test } from "vitest";
import { version } from "#adapters/price-book.ts";
import { configWarnings } from "#gateway/config/warnings.ts";
import { parseConfig } from "#gateway/config.ts";

const there = '{ kind: static, urls: ["http://a"], usdPerHour: 1 }';

/** When the price book was last compared with its sources. */
const compared = Date.parse(version);

const warningsOf = (
  providers: string,
  route = "models: [m], failover: [[a]]",
  models = "m: { source: x }",
  now = compared,
) =>
  configWarnings(
    parseConfig(`models: { ${models} }\nproviders: { ${providers} }\nroutes: [{ ${route} }]\n`, {
      file: "t.yaml",
    }),
    now,
  );

test("a configuration that says everything has no warnings", () => {
  expect(warningsOf(`a: ${there}`)).toEqual([]);
});

test("models and providers in no route are warned of, canaries and shadows are in one", () => {
  const route =
    "models: [m], failover: [[a]], canary: { provider: b, share: 1% }, shadow: { provider: c, share: 1% }";
  const providers = `a: ${there}, b: ${there}, c: ${there}, d: ${there}`;
  expect(warningsOf(providers, route, "m: { source: x }, n: { source: x }")).toEqual([
    "models.n: in no route, so nobody can ask for it",
    "providers.d: in no route, so it gets nothing",
  ]);
});

test("what has no price, or a name in the price book without one, is warned of", () => {
  const priced = (price: string) => `a: { kind: static, urls: ["http://a"]${price} }`;
  expect(warningsOf(priced(""))).toEqual(["providers.a: no price is given, so what it costs is in no sum"]);
  expect(warningsOf(priced(", price: azure/app-service/p1v3"))).toEqual([
    "providers.a: the price book knows no price for azure/app-service/p1v3, so what it costs is in no sum",
  ]);
  expect(warningsOf(priced(", usdPerRequest: 0"))).toEqual([]);
});

test("an objective that no backend is believed to meet is warned of, for the model that has it", () => {
  const slow = there.replace("}", ", prior: { base: 200ms, perInFlight: 5ms } }");
  const route = "models: [m, n], slo: 250ms, failover: [[a]], overrides: { n: { slo: 150ms } }";
  const models = "m: { source: x }, n: { source: x }";
  expect(warningsOf(`a: ${slow}`, route, models)).toEqual([
    "routes.0: by their prior the fastest needs 200 ms, and n has 150 ms",
  ]);
  const withUnknown = route.replace("[[a]]", "[[a], [b]]");
  expect(warningsOf(`a: ${slow}, b: ${there}`, withUnknown, models)).toEqual([]);
});

test("a price that nobody has compared with its source for half a year is warned of, with its day and what to give", () => {
  const day = 24 * 3_600_000;
  const later = (days: number, terms: string): readonly string[] =>
    warningsOf(
      `a: { kind: static, urls: ["http://a"], ${terms} }`,
      undefined,
      undefined,
      compared + days * day,
    );
  const terms = "price: aws/g4dn.xlarge/us-east-1";
  expect(later(180, terms)).toEqual([]);
  expect(later(181, terms)).toEqual([
    `providers.a: the price book's price for aws/g4dn.xlarge/us-east-1 is of ${version}, 181 days ago: give usdPerHour or usdPerSecond in its place where it is another by now`,
  ]);
  expect(later(9_999, "usdPerHour: 0.5, egressUsdPerGb: 0.09")).toEqual([]);
  expect(later(9_999, "usdPerHour: 0.5, price: aws/g6.xlarge/us-east-1")).toEqual([]);
  expect(later(0, "usdPerHour: 0.5, egressUsdPerGb: aws/egress")).toEqual([
    expect.stringMatching(
      /^providers\.a: .*aws\/egress is of 2026-01-01, 324 days ago: give egressUsdPerGb in dollars/,
    ),
  ]);
});
