import { expect, test } from "vitest";
import { termsOf } from "#adapters/registry.ts";
import { Config } from "#gateway/config.ts";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import { buildFleet, type Fleet } from "#gateway/fleet/snapshot.ts";
import { planOfRoute, plansOfSettings, providerOf, purseOf, stepOf } from "#gateway/trials/trial-plan.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { toldBackend } from "#test/support/trial-world.ts";

const there = { kind: "static", urls: ["http://127.0.0.1:1"] };

function configOf(route: Readonly<Record<string, unknown>>): Config {
  return Config.parse({
    models: { "digits-s": { source: "x" }, "digits-n": { source: "x" } },
    providers: { old: there, far: there, new: there, shy: there },
    routes: [{ models: ["digits-s", "digits-n"], failover: [["old"], ["far"]], ...route }],
  });
}

function fleetOf(config: Config, absent: readonly string[] = []): Fleet {
  const found = Object.keys(config.providers).map((name) => {
    const { url, client } = toldBackend(name);
    const endpoints = [
      { url, client },
      { url: `${url}2`, client },
    ];
    const terms = termsOf({ kind: "static" });
    return [name, { terms, endpoints: absent.includes(name) ? [] : endpoints }] as const;
  });
  return buildFleet(config, new Map(found), { known: createKnownBackends({ chance: systemChance }) });
}

test.each([
  ["a canary", { canary: { provider: "new", share: "7%" } }],
  ["a shadow", { shadow: { provider: "shy", share: "10%" } }],
  [
    "both",
    { canary: { provider: "new", share: "1%" }, shadow: { provider: "shy", share: "50%" }, slo: "1s" },
  ],
  ["peers alone", { agreement: { minimum: 0.8 } }],
  [
    "a canary, as alike as the route wants",
    { canary: { provider: "new", share: 0.1 }, agreement: { minimum: "95%" } },
  ],
])(
  "what is compared of %s is the same by the configuration and by the fleet that was made of it",
  (_, route) => {
    const config = configOf(route);
    const { routes } = fleetOf(config);
    const plans = plansOfSettings(config.routes);
    expect(plans.length).toBe(2);
    expect([...routes.values()].map(planOfRoute)).toEqual(plans);
  },
);

test("a candidate without a backend is compared all the same, so that its trial does not begin anew with the next", () => {
  const trials = { canary: { provider: "new", share: "7%" }, shadow: { provider: "shy", share: "10%" } };
  const config = configOf(trials);
  const { routes } = fleetOf(config, ["new", "shy"]);
  expect([...routes.values()].flatMap(({ backends, shadows }) => [...backends, ...shadows])).toHaveLength(8);
  expect([...routes.values()].map(planOfRoute)).toEqual(plansOfSettings(config.routes));
});

test("a route with nothing to compare has no plan", () => {
  const config = configOf({});
  expect(plansOfSettings(config.routes)).toEqual([]);
  const { routes } = fleetOf(config);
  expect([...routes.values()].map(planOfRoute)).toEqual([undefined, undefined]);
});

test("another share of a canary is another step, and another share of copies is not", () => {
  const steps = [
    { canary: { provider: "new", share: "1%" } },
    { canary: { provider: "new", share: "10%" } },
    { shadow: { provider: "new", share: "1%" } },
    { shadow: { provider: "new", share: "10%" } },
    { agreement: {} },
  ].map((route) => plansOfSettings(configOf(route).routes).map(stepOf)[0]);
  expect(steps).toEqual(["canary new 0.01", "canary new 0.1", "shadow new", "shadow new", ""]);
});

test("the models of a route have one purse, and a backend's name leads to its provider", () => {
  const fleet = fleetOf(configOf({ shadow: { provider: "shy", share: "1%" } }));
  expect([...fleet.routes.values()].map((route) => purseOf(route, fleet))).toEqual(["digits-s", "digits-s"]);
  expect(["old", "old/2", "old/task-4f"].map(providerOf)).toEqual(["old", "old", "old"]);
});
