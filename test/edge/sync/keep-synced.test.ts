import { expect, test, vi } from "vitest";
import { createWake, keepSynced } from "#edge/sync/keep-synced.ts";
import type { SyncOutcome } from "#edge/sync/sync-once.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createLog } from "#infra/runtime/log.ts";
import { hurriedClock } from "#test/support/edge/fetched.ts";

const good: SyncOutcome = { pollMs: 60_000, failed: undefined };
const bad: SyncOutcome = { pollMs: 60_000, failed: new TradewindError("repository_unreachable", "away") };

type Turn = SyncOutcome | Error | (() => SyncOutcome);

/** The waits between these syncs, in time in which nobody waits. */
async function waits(
  turns: readonly Turn[],
  more: { jitter?: number; wake?: ReturnType<typeof createWake> } = {},
) {
  const clock = hurriedClock();
  const stop = new AbortController();
  let syncs = 0;
  const sync = async (): Promise<SyncOutcome> => {
    const turn = turns[syncs];
    syncs += 1;
    if (syncs >= turns.length) stop.abort();
    if (turn instanceof Error) throw turn;
    return (typeof turn === "function" ? turn() : turn) ?? good;
  };
  await keepSynced({
    ...{ sync, clock, chance: { number: () => 0.5 }, signal: stop.signal, firstWaitMs: 7_000 },
    ...{ everyMs: 300_000, jitter: 1, wake: createWake(), log: createLog({ name: "test", level: "silent" }) },
    ...more,
  });
  return { slept: clock.slept, syncs };
}

test("syncs come as often as the gateway wishes, and before it said so as often as was configured", async () => {
  const unheard = { ...good, pollMs: undefined };
  expect((await waits([unheard, good, good])).slept).toEqual([7_000, 300_000, 60_000]);
});

test("after failures in a row each wait is longer, and after one that goes well all is as before", async () => {
  const { slept } = await waits([bad, bad, bad, bad, good, good]);
  expect(slept).toEqual([7_000, 1_000, 2_000, 4_000, 8_000, 60_000]);
});

test("a gateway that wants to be left alone is, and longer than the wait would be", async () => {
  const busy = new TradewindError("repository_unreachable", "busy", { retryAfterMs: 90_000 });
  expect((await waits([bad, { ...bad, failed: busy }, good])).slept).toEqual([7_000, 1_000, 90_000]);
});

test("a sync that ends in a way that nobody foresaw is followed by another", async () => {
  expect(await waits([new Error("a bug"), good])).toMatchObject({ syncs: 2, slept: [7_000, 1_000] });
});

test("whoever wakes it during a sync has another one follow at once", async () => {
  const wake = createWake();
  const woken = () => {
    wake.now();
    return good;
  };
  expect((await waits([woken, good], { wake })).slept).toEqual([7_000]);
});

test("whoever wakes it during a wait calls that off", async () => {
  const wake = createWake();
  const stop = new AbortController();
  let syncs = 0;
  const loop = keepSynced({
    sync: async () => {
      syncs += 1;
      return good;
    },
    ...{ everyMs: 1e6, jitter: 0, firstWaitMs: 1e6, wake, signal: stop.signal, chance: { number: () => 0 } },
    clock: {
      ...hurriedClock(),
      sleep: (_, { signal } = {}) =>
        new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
    },
    log: createLog({ name: "test", level: "silent" }),
  });
  for (const times of [1, 2]) {
    wake.now();
    await vi.waitFor(() => expect(syncs).toBe(times));
    await new Promise((next) => setImmediate(next));
  }
  stop.abort();
  await loop;
  expect(syncs).toBe(2);
});
