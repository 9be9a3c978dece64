import { expect, test } from "vitest";
import { configWarnings } from "#gateway/config/warnings.ts";
import { parseConfig } from "#gateway/config.ts";

const there = '{ kind: static, urls: ["http://a"], usdPerHour: 1 }';

const warningsOf = (providers: string, route = "models: [m], failover: [[a]]", models = "m: { source: x }") =>
  configWarnings(
    parseConfig(`models: { ${models} }\nproviders: { ${providers} }\nroutes: [{ ${route} }]\n`, {
      file: "t.yaml",
    }),
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

test("a kind that this version cannot open is warned of, since the gateway refuses to start", () => {
  expect(warningsOf("a: { kind: ecs, usdPerHour: 1 }")).toEqual([
    "providers.a: kind ecs is not available in this version, which refuses to start",
  ]);
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
