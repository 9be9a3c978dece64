import { expect, test, vi } from "vitest";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { runSoftStateContract } from "#test/support/soft-state-contract.ts";

runSoftStateContract({
  name: "soft state in the process",
  create: async () => {
    const clock = createFakeClock();
    return { soft: createSoftStateInProcess({ clock }), pass: async (ms) => clock.advance(ms) };
  },
});

const ttlMs = 1_000;

test("drops the value used longest ago when one too many is stored", async () => {
  await using soft = createSoftStateInProcess({ maxEntries: 2 });
  const set = (key: string) => soft.apply([{ kind: "set", key, value: key, ttlMs }]);
  await set("a");
  await set("b");
  await soft.apply([{ kind: "get", key: "a" }]);
  await set("c");
  const [a, b, c] = await soft.apply([
    { kind: "get", key: "a" },
    { kind: "get", key: "b" },
    { kind: "get", key: "c" },
  ]);
  expect([a?.byteLength, b, c?.byteLength]).toEqual([1, undefined, 1]);
});

test("keeps no more members of groups without a bound than its memory holds", async () => {
  const clock = createFakeClock();
  await using soft = createSoftStateInProcess({ clock, maxBytes: 100_000 });
  const join = async (member: string) => {
    const places = [{ key: "members", member, most: Number.POSITIVE_INFINITY, ttlMs: 3_600_000 }];
    const [
      {
        taken: [taken = 0],
      },
    ] = await soft.apply([{ kind: "admit", tag: "t", rates: [], places, budgets: [], lookups: [] }]);
    return taken;
  };
  let most = 0;
  for (let place = 0; place < 3_000; place += 1) most = Math.max(most, await join(`member ${place}`));
  expect(most).toBeGreaterThan(500);
  expect(most).toBeLessThan(1_500);
});

test("tells the side channel about a listener that threw", async () => {
  await using soft = createSoftStateInProcess();
  const skipped = vi.fn();
  const stop = sideConcernSkipped.subscribe(skipped);
  const error = new Error("broken");
  await soft.subscribe("c", () => {
    throw error;
  });
  await soft.publish("c", "m");
  await vi.waitFor(() => expect(skipped).toHaveBeenCalledWith({ what: "soft-state-listener", error }));
  stop();
});
