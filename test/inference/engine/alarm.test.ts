import { expect, test } from "vitest";
import { createAlarm } from "#inference/engine/alarm.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function openAlarm() {
  const clock = createFakeClock();
  const slept: number[] = [];
  const rang: number[] = [];
  const alarm = createAlarm({
    clock: {
      ...clock,
      sleep: (ms, options) => {
        slept.push(ms);
        return clock.sleep(ms, options);
      },
    },
    ring: () => rang.push(clock.elapsed()),
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
  };
  return { alarm, slept, rang, pass };
}

test("an alarm rings once, at its time", async () => {
  const { alarm, rang, pass } = openAlarm();
  alarm.set(10);
  await pass(9);
  expect(rang).toEqual([]);
  await pass(1);
  await pass(100);
  expect(rang).toEqual([10]);
});

test("an earlier time moves the alarm and a later one leaves it", async () => {
  const { alarm, slept, rang, pass } = openAlarm();
  alarm.set(10);
  alarm.set(20);
  alarm.set(5);
  await pass(5);
  await pass(100);
  expect([rang, slept]).toEqual([[5], [10, 5]]);
});

test("an alarm that was taken back doesn't ring, and can be set again", async () => {
  const { alarm, rang, pass } = openAlarm();
  alarm.set(10);
  alarm.set(undefined);
  alarm.set(undefined);
  await pass(20);
  alarm.set(30);
  await pass(10);
  expect(rang).toEqual([30]);
});

test("an alarm taken back in the moment of its ringing stays silent", async () => {
  const { alarm, rang, pass } = openAlarm();
  alarm.set(10);
  const passing = pass(10);
  alarm.set(undefined);
  await passing;
  expect(rang).toEqual([]);
});

test("a time that has passed rings soon, and one centuries away never asks a timer for more than it can", () => {
  const { alarm, slept } = openAlarm();
  alarm.set(1e15);
  alarm.set(-5);
  expect(slept).toEqual([2 ** 30, 0]);
});
