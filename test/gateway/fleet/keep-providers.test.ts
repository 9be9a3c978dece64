import { expect, test } from "vitest";
import { type ProviderSettings, providerSchema } from "#adapters/registry.ts";
import { createProviderShelf } from "#gateway/fleet/keep-providers.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { chanceOf } from "#test/support/lanes.ts";
import { watchProviders } from "#test/support/live-fleet.ts";

const surroundings = { clock: createFakeClock(), chance: chanceOf(1), env: {} };

function openShelf() {
  const providers = watchProviders();
  const shelf = createProviderShelf(providers.open, surroundings);
  const take = (more: Readonly<Record<string, unknown>>) => {
    const urls = ["http://127.0.0.1:1"];
    return shelf.take({ one: { ...settings({ kind: "static", urls }), ...more } as ProviderSettings });
  };
  return { providers, take };
}

const settings = (given: object): ProviderSettings => providerSchema.parse(given);

test.each([
  ["refuseUntil", "2026-11-21T12:00:00Z"],
  ["scale", { least: 1, most: 5, coolDown: 1 }],
])("another %s is for others than the provider itself, which stays open", async (key, value) => {
  const { providers, take } = openShelf();
  const first = await take({});
  const second = await take({ [key]: value });
  expect(second.providers.get("one")).toBe(first.providers.get("one"));
  await first.give();
  await first.give();
  expect(providers.openNow()).toEqual(["one"]);
  await second.give();
  expect(providers.openNow()).toEqual([]);
});

test("other settings are another provider, which is open beside the one before it", async () => {
  const { providers, take } = openShelf();
  const first = await take({});
  const second = await take({ usdPerRequest: 1 });
  expect(second.providers.get("one")).not.toBe(first.providers.get("one"));
  expect(providers.openNow()).toEqual(["one", "one"]);
  await Promise.all([first.give(), second.give()]);
  expect(providers.openNow()).toEqual([]);
});
