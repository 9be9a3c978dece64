import { expect, test } from "vitest";
import { createDeviceKeys } from "#gateway/devices/device-keys.ts";
import type { Query } from "#infra/runtime/postgres/database.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const { signal } = new AbortController();

/** Records in which each key that begins with k is somebody's. */
function records() {
  const state = { asked: 0, atOnce: 0, most: 0 };
  const query = async (
    _: string,
    [kid]: readonly unknown[] = [],
    { parse }: { parse?: (row: unknown) => unknown } = {},
  ) => {
    state.asked += 1;
    state.atOnce += 1;
    state.most = Math.max(state.most, state.atOnce);
    await new Promise(setImmediate);
    state.atOnce -= 1;
    return String(kid).startsWith("k") && parse ? [parse({ device: `dev_${kid}`, x: "x".repeat(43) })] : [];
  };
  return {
    state,
    database: { query: query as Query, transaction: unused, close: unused, [Symbol.asyncDispose]: unused },
  };
}

async function unused(): Promise<never> {
  throw new Error("nobody asks for this");
}

test("a key is read once and kept, the one that was used longest ago going first", async () => {
  const { state, database } = records();
  const keys = createDeviceKeys({ database, clock: createFakeClock(), most: 2 });
  for (const kid of ["k1", "k1", "k2", "k1", "k3", "k1"])
    expect(await keys.find(kid, { signal })).toMatchObject({ device: `dev_${kid}` });
  expect(state.asked).toBe(3);
  await keys.find("k2", { signal });
  expect(state.asked).toBe(4);
});

test("a key that nobody has is refused, is not kept, and two at most are looked for at once", async () => {
  const { state, database } = records();
  const keys = createDeviceKeys({ database, clock: createFakeClock() });
  const strangers = Array.from({ length: 20 }, (_, n) => keys.find(`stranger-${n}`, { signal }));
  for (const found of await Promise.allSettled(strangers))
    expect(found).toMatchObject({ status: "rejected", reason: { code: "proof_refused" } });
  expect(state).toMatchObject({ asked: 20, most: 2 });
  await expect(keys.find("stranger-0", { signal })).rejects.toMatchObject({ code: "proof_refused" });
  expect(state.asked).toBe(21);
});
