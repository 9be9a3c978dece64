import { expect, test } from "vitest";
import type { Endpoint } from "#adapters/provider.ts";
import { Config } from "#gateway/config.ts";
import { createKnownBackends, type KnownBackends } from "#gateway/dispatch/known-backends.ts";
import type { Found } from "#gateway/fleet/find-backends.ts";
import { buildFleet, type Fleet, type Route } from "#gateway/fleet/snapshot.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { termsWith } from "#test/support/routes.ts";
import { toldBackend } from "#test/support/trial-world.ts";

const there = { kind: "static", urls: ["http://127.0.0.1:1"] };

const config = Config.parse({
  models: { "digits-s": { source: "x" } },
  providers: { ours: there, burst: there, next: there, shy: there },
  routes: [
    {
      models: ["digits-s"],
      failover: [["ours", "burst"]],
      canary: { provider: "next", share: "10%" },
      shadow: { provider: "shy", share: "10%" },
    },
  ],
});

/** What was found, by the names that providers have for their backends. */
function found(labels: Readonly<Record<string, readonly string[]>>): Found {
  const all = Object.entries({ ours: [], burst: [], next: [], shy: [], ...labels });
  return new Map(
    all.map(([id, names]) => {
      const endpoints = names.map((name): Endpoint => ({ ...toldBackend(`${id}-${name}`), name }));
      return [id, { terms: termsWith({ prior: { baseMs: 10, perInFlightMs: 1 } }), endpoints }];
    }),
  );
}

const open = (): KnownBackends => createKnownBackends({ chance: systemChance });
const routeOf = ({ routes }: Fleet): Route => routes.get("digits-s") as Route;
const namesIn = (fleet: Fleet): string[] => routeOf(fleet).backends.map(({ name }) => name);

test("a provider without a backend is a route with fewer lanes, and one without any has none", () => {
  const some = buildFleet(config, found({ ours: ["a"], shy: ["s"] }), { known: open() });
  expect(namesIn(some)).toEqual(["ours/a"]);
  expect(routeOf(some).pool.canary).toBeUndefined();
  expect(routeOf(some).shadows.map(({ name }) => name)).toEqual(["shy/s"]);
  const none = buildFleet(config, found({}), { known: open() });
  expect([namesIn(none), routeOf(none).pool.lanes, routeOf(none).nanoUsdEach]).toEqual([[], [], 0]);
});

test("to a provider that is refused nothing is sent, be it tried out, copied to or relied on", () => {
  const all = found({ ours: ["a"], burst: ["b"], next: ["n"], shy: ["s"] });
  const refused = (...names: string[]) => buildFleet(config, all, { known: open(), refused: new Set(names) });
  expect(namesIn(refused())).toEqual(["ours/a", "burst/b", "next/n"]);
  expect(namesIn(refused("burst"))).toEqual(["ours/a", "next/n"]);
  expect(namesIn(refused("next", "shy"))).toEqual(["ours/a", "burst/b"]);
  expect(routeOf(refused("shy")).shadows).toEqual([]);
});

test("what is known of a backend stays with its name, wherever it stands in the list", () => {
  const known = open();
  const before = buildFleet(config, found({ ours: ["a", "b"] }), { known });
  const [, b] = routeOf(before).pool.lanes;
  const after = buildFleet(config, found({ ours: ["c", "b", "a"] }), { known, before });
  expect(namesIn(after)).toEqual(["ours/c", "ours/b", "ours/a"]);
  expect(routeOf(after).pool.lanes[1]?.standing).toBe(b?.standing);
  expect(routeOf(after).pool.lanes[1]?.latency).toBe(b?.latency);
  expect(before.routes.get("digits-s")?.pool.lanes.map(({ standing }) => standing)).not.toContain(
    routeOf(after).pool.lanes[0]?.standing,
  );
});

test("who was taken out of choice stays out over another fleet, unless nobody else were left in it", () => {
  const known = open();
  const before = buildFleet(config, found({ ours: ["a", "b"] }), { known });
  for (const lane of routeOf(before).pool.lanes) lane.isBarred = lane.standing.name === "ours/b";
  const barred = (labels: readonly string[], next: readonly string[] = []) => {
    const { pool, tensors } = routeOf(buildFleet(config, found({ ours: labels, next }), { known, before }));
    return [pool, tensors].map(({ lanes }) =>
      lanes.filter((lane) => lane.isBarred).map(({ place }) => place),
    );
  };
  expect(barred(["b", "c"])).toEqual([[0], [0]]);
  expect(barred(["b"])).toEqual([[], []]);
  expect(barred(["b"], ["n"])).toEqual([[], []]);
});
