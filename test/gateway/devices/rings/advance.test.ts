import { expect, test } from "vitest";
import { advance } from "#gateway/devices/rings/advance.ts";
import type { RingCount } from "#gateway/devices/rings/rollout.ts";
import { edgeRollout, ringCount } from "#test/support/edge-rollouts.ts";

const held = ringCount({ devices: 50, live: 50, succeeded: 50 });
const none = ringCount({});

function at(ring: number, counts: readonly RingCount[], more = {}) {
  return edgeRollout({ progress: { ring, since: 0, enoughSince: 0, counts: [...counts] }, ...more });
}

test("a ring that held gives way to the next, whose soak has not begun", () => {
  const { rollout, steps } = advance(at(0, [held, ringCount({ devices: 9, live: 9 }), none, none]), 1e9);
  expect(rollout.progress).toMatchObject({ ring: 1, since: 1e9, enoughSince: null });
  expect(steps).toMatchObject([{ what: "advance", ring: 0 }]);
});

test("rings without devices are passed over in one go, and the last one that held ends the rollout", () => {
  const { rollout, steps } = advance(at(0, [held, none, none, ringCount({ devices: 5, live: 5 })]), 1e9);
  expect([rollout.progress.ring, rollout.state]).toEqual([3, "running"]);
  expect(steps.map(({ ring }) => ring)).toEqual([0, 1, 2]);
  const last = advance(at(3, [held, held, held, held]), 1e9);
  expect(last.rollout.state).toBe("done");
  expect(last.steps).toMatchObject([{ what: "finish", ring: 3 }]);
});

test("a paused rollout goes no further, but stops when it must", () => {
  const paused = { state: "paused", why: "paused by ann" } as const;
  const stays = advance(at(0, [held, held, held, held], paused), 1e9);
  expect(stays.rollout).toMatchObject({ state: "paused", why: "paused by ann", progress: { ring: 0 } });
  const bad = ringCount({ devices: 50, live: 50, failed: 50 });
  expect(advance(at(0, [bad, none, none, none], paused), 1e9).rollout.state).toBe("stopped");
});

test("a rollout that is over is not judged any more", () => {
  const bad = ringCount({ devices: 50, live: 50, failed: 50 });
  for (const state of ["done", "stopped", "rolled back", "superseded"] as const) {
    const over = at(3, [bad, bad, bad, bad], { state });
    expect(advance(over, 1e9)).toEqual({ rollout: over, steps: [] });
  }
});
