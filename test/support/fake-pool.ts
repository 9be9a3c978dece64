import { BroadcastChannel } from "node:worker_threads";
import { expect } from "vitest";
import type { SessionOptions } from "#inference/engine/messages.ts";
import { openPool, type PoolOptions } from "#inference/engine/pool.ts";
import type { Session } from "#inference/engine/session.ts";
import { openSessionThread } from "#inference/engine/session-thread.ts";
import { systemClock } from "#infra/runtime/clock.ts";

const module = new URL("./fake-session.ts", import.meta.url);

/** A run of the fake session, by its wish: see there. */
export const wish = (value: number) => ({
  x: { datatype: "FP32" as const, shape: [1], data: Float32Array.of(value) },
});

export const openFakeSession = (options: SessionOptions): Promise<Session> =>
  openSessionThread(options, module);

/** Fake sessions that say that a run takes 0.01 ms, and tell how many runs each message brought. */
export function tinySessions(messages: number[]) {
  return async (options: SessionOptions): Promise<Session> => {
    const session = await openFakeSession(options);
    const run: Session["run"] = async (runs, how) => {
      messages.push(runs.length);
      return { ...(await session.run(runs, how)), inferenceMs: 0.01 * runs.length };
    };
    return { ...session, run };
  };
}

let gates = 0;
/** A pool over fake sessions, whose gate opens for one held run at a time. */
export async function fakePool(options: Partial<PoolOptions> = {}) {
  gates += 1;
  const path = `gate-${process.pid}-${gates}`;
  const gate = new BroadcastChannel(path);
  const pool = await openPool({
    openSession: openFakeSession,
    ...{
      path,
      outputs: ["x"],
      workersFor: () => 1,
      clock: systemClock,
      executionProviders: ["cpu"],
      exactQuantized: false,
    },
    ...options,
  });
  return {
    pool,
    open: () => gate.postMessage("open"),
    [Symbol.asyncDispose]: async () => {
      await pool.close();
      gate.close();
    },
  };
}

/** Opens the gate until every run is through: a thread may not have taken its run when the gate opens first. */
export async function openUntil(open: () => void, runs: readonly Promise<unknown>[]): Promise<void> {
  let through = false;
  const all = Promise.all(runs).then(() => {
    through = true;
  });
  const tryOnce = (): boolean => {
    open();
    return through;
  };
  await expect.poll(tryOnce, { interval: 10 }).toBe(true);
  await all;
}
