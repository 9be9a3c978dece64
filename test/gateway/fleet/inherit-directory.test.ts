import { expect, test } from "vitest";
import { openDirectory } from "#gateway/fleet/directory.ts";
import { knownBefore } from "#gateway/fleet/inherit-directory.ts";
import type { Backend } from "#gateway/fleet/snapshot.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { backendAt, routeOver } from "#test/support/routes.ts";
import { toldBackend } from "#test/support/trial-world.ts";

const backendOf = (id: string, label?: string): Backend => {
  return { ...backendAt({ ...toldBackend("told"), id }), label };
};

test("what was known of a backend is known of it in the next fleet, and not of another at its address", async () => {
  const fleet = { routes: new Map([["digits-s", routeOver([[backendOf("p", "task-1"), backendOf("q")]])]]) };
  await using directory = await openDirectory({ fleet, clock: createFakeClock() });
  const before = knownBefore({ fleet, directory });
  const isKnown = (backend: Backend, model = "digits-s") => before(backend, model) !== undefined;
  expect(isKnown(backendOf("p", "task-1"))).toBe(true);
  expect(isKnown(backendOf("q"))).toBe(true);
  expect(isKnown(backendOf("p", "task-2"))).toBe(false);
  expect(isKnown(backendOf("q", "task-1"))).toBe(false);
  expect(isKnown(backendOf("other"))).toBe(false);
  expect(isKnown(backendOf("q"), "another")).toBe(false);
});
