import { expect, onTestFinished, test, vi } from "vitest";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createSoftStateInProcess } from "#infra/runtime/soft-state/in-process.ts";
import { joinMembers } from "#infra/runtime/soft-state/members.ts";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function subject() {
  const clock = createFakeClock();
  const real = createSoftStateInProcess({ clock });
  onTestFinished(() => real.close());
  const state = { away: false };
  const softState: Pick<SoftState, "apply"> = {
    apply: async (operations, waiting) => {
      if (state.away) throw new TradewindError("soft_state_unavailable", "away");
      return await real.apply(operations, waiting);
    },
  };
  const join = (id: string, expected = 1) => {
    const times = { beatMs: 1_000, ttlMs: 3_000 };
    const member = joinMembers({ softState, clock, group: "gateways", id, expected, ...times });
    onTestFinished(() => member.close());
    return member;
  };
  /** Beats in small steps, so that each has time to be answered. */
  const pass = async (ms: number) => {
    await new Promise(setImmediate);
    for (let passed = 0; passed < ms; passed += 250) {
      clock.advance(250);
      await new Promise(setImmediate);
    }
  };
  return { join, pass, state };
}

test("counts itself before anybody answered, and the others with its next beat", async () => {
  const { join, pass } = subject();
  const first = join("a");
  expect(first.count()).toBe(1);
  const second = join("b");
  await vi.waitFor(() => expect(second.count()).toBe(2));
  await pass(1_000);
  expect(first.count()).toBe(2);
});

test("counts a member no more that left, and may be left twice", async () => {
  const { join, pass } = subject();
  const [stays, leaves] = [join("a"), join("b")];
  await pass(1_000);
  expect(stays.count()).toBe(2);
  await leaves.close();
  await leaves.close();
  await pass(1_000);
  expect(stays.count()).toBe(1);
});

test("keeps the last count while the soft state is away, and counts on when it is back", async () => {
  const { join, pass, state } = subject();
  const members = [join("a"), join("b"), join("c")];
  await pass(1_000);
  state.away = true;
  await pass(10_000);
  expect(members.map((member) => member.count())).toEqual([3, 3, 3]);
  state.away = false;
  await pass(2_000);
  expect(members.map((member) => member.count())).toEqual([3, 3, 3]);
});

test("believes how many it was told there will be until it has counted them itself", async () => {
  const { join, pass, state } = subject();
  state.away = true;
  const members = [join("a", 4), join("b", 4)];
  await pass(5_000);
  expect(members.map((member) => member.count())).toEqual([4, 4]);
  state.away = false;
  await pass(2_000);
  expect(members.map((member) => member.count())).toEqual([2, 2]);
});

test("stays one when the soft state was never there, and leaves without it", async () => {
  const { join, pass, state } = subject();
  state.away = true;
  const alone = join("a");
  await pass(5_000);
  expect(alone.count()).toBe(1);
  await alone.close();
});
