import { expect, test } from "vitest";
import type { ProviderSettings } from "#adapters/registry.ts";
import { parseConfig } from "#gateway/config.ts";
import { observeFleet } from "#gateway/operations/observe.ts";
import { type OpenControl, openControls } from "#gateway/operations/open-controls.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { createFakePlatform } from "#test/support/fake-control.ts";

const surroundings = { clock: createFakeClock(), chance: systemChance, env: {} };

/** Providers of a configuration, each of which is opened as its name says. */
function providers(...names: readonly string[]): Readonly<Record<string, ProviderSettings>> {
  const declared = names.map((name) => `  ${name}: { kind: static, urls: [http://127.0.0.1:9] }`).join("\n");
  const text = `models: { a: { source: x } }\nproviders:\n${declared}\nroutes: [{ models: [a], failover: [[${names[0]}]] }]`;
  return parseConfig(text, { file: "t.yaml" }).providers;
}

function opener() {
  const [opened, closed]: [string[], string[]] = [[], []];
  const open: OpenControl = async (_settings, { clock }, name) => {
    if (name === "locked") throw new TradewindError("provider_forbidden", "no key");
    opened.push(name);
    const platform = createFakePlatform({ clock, name });
    if (name === "hangs") platform.onCall = () => new Promise(() => undefined);
    if (name === "away") platform.fail("status", "provider_unavailable", { times: 9 });
    const close = async (): Promise<void> => void closed.push(name);
    return { ...platform.control(), close };
  };
  return { open, opened, closed };
}

test("one that hangs, one that fails and one that cannot be opened keep nobody from being seen", async () => {
  const { open } = opener();
  const all = providers("near", "hangs", "away", "locked");
  await using controls = await openControls(all, surroundings, open);
  const signal = AbortSignal.timeout(5_000);
  const seen = await observeFleet(controls, { signal, timeoutMs: 50 });
  expect(seen.get("near")).toMatchObject({ status: { desired: 1 }, price: { usdPerHour: 1 }, troubles: [] });
  const late = { code: "provider_unavailable", message: "hangs: no answer within 0.05 s" };
  expect(seen.get("hangs")).toMatchObject({ status: undefined, price: undefined, troubles: [late, late] });
  expect(seen.get("away")).toMatchObject({
    status: undefined,
    price: { usdPerHour: 1 },
    troubles: [{ code: "provider_unavailable" }],
  });
  expect(seen.get("locked")?.troubles).toMatchObject([{ code: "provider_forbidden" }]);
});

test("whoever gives up while it looks hears its own reason", async () => {
  const { open } = opener();
  await using controls = await openControls(providers("hangs"), surroundings, open);
  const stop = new AbortController();
  const looking = observeFleet(controls, stop);
  stop.abort(new Error("enough"));
  await expect(looking).rejects.toThrow("enough");
});

test("of another configuration who is in it as before stays open, and who left is closed", async () => {
  const { open, opened, closed } = opener();
  const controls = await openControls(providers("near", "far"), surroundings, open);
  const near = controls.of("near");
  await controls.follow(providers("near", "other"));
  expect(controls.of("near")).toBe(near);
  expect(opened).toEqual(["near", "far", "other"]);
  expect(closed).toEqual(["far"]);
  await controls.close();
  await controls.close();
  expect(closed.toSorted()).toEqual(["far", "near", "other"]);
});

test("who could not be opened is tried again with the next configuration", async () => {
  const { open } = opener();
  let isLocked = true;
  const once: OpenControl = (settings, around, name) =>
    isLocked ? open(settings, around, "locked") : open(settings, around, name);
  await using controls = await openControls(providers("near"), surroundings, once);
  expect(controls.troubles().get("near")?.code).toBe("provider_forbidden");
  isLocked = false;
  await controls.follow(providers("near"));
  expect([controls.troubles().size, controls.names()]).toEqual([0, ["near"]]);
});

test("a candidate has no control of its own", async () => {
  const { open, opened } = opener();
  const settings: ProviderSettings[] = Object.values(providers("near"));
  const candidate = { ...settings[0], revision: "candidate" } as ProviderSettings;
  await using _ = await openControls({ near: candidate }, surroundings, open);
  expect(opened).toEqual([]);
});
