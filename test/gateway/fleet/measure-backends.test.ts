import { expect, test } from "vitest";
import { measureBackends } from "#gateway/fleet/measure-backends.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { configText, openLiveFleetWorld } from "#test/support/live-fleet.ts";

test("it is told how many backends each provider has, also that one has none, and of no provider that has gone", async () => {
  const refuseUntil = new Date(1_700_000_000_000 + 60_000).toISOString();
  await using world = await openLiveFleetWorld({
    begin: ([a = "", b = ""]) => ({
      text: configText({ two: { urls: [a, b] }, lost: { urls: [a], refuseUntil } }),
    }),
  });
  const metrics = createMetrics({ processMetrics: false });
  measureBackends(metrics, world.live.current);
  const told = async () =>
    (await metrics.metrics()).split("\n").filter((line) => line.startsWith("tradewind_provider_backends"));
  expect(await told()).toEqual([
    'tradewind_provider_backends{provider="two"} 2',
    'tradewind_provider_backends{provider="lost"} 0',
  ]);
  await world.live.replace({ text: configText({ other: world.backends[0]?.url ?? "" }) });
  expect(await told()).toEqual(['tradewind_provider_backends{provider="other"} 1']);
});
