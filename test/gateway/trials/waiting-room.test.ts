import { expect, test } from "vitest";
import { createWaitingRoom } from "#gateway/trials/waiting-room.ts";
import { type SkippedEvent, sideConcernSkipped } from "#infra/runtime/channels.ts";

const aMoment = () => new Promise(setImmediate);

test("work beside a request begins after it, and the room is bounded in copies and in bytes", async () => {
  const room = createWaitingRoom(new AbortController().signal);
  const leaves: (() => void)[] = [];
  const enter = (bytes: number) => room.enter(bytes, (leave) => void leaves.push(leave));
  expect(enter(1)).toBe(true);
  expect(leaves).toEqual([]);
  for (let n = 0; n < 31; n += 1) expect(enter(1)).toBe(true);
  expect(enter(1)).toBe(false);
  await aMoment();
  for (const leave of leaves.splice(0)) leave();
  for (let n = 0; n < 8; n += 1) expect(enter(room.mostBytes)).toBe(true);
  expect(enter(1)).toBe(false);
  await aMoment();
  leaves[0]?.();
  leaves[0]?.();
  expect(enter(room.mostBytes)).toBe(true);
  expect(enter(1)).toBe(false);
});

test("what fails beside a request is told, and leaves the room", async () => {
  const room = createWaitingRoom(new AbortController().signal);
  const skipped: SkippedEvent[] = [];
  const stop = sideConcernSkipped.subscribe((event) => void skipped.push(event));
  for (let n = 0; n < 40; n += 1) {
    room.enter(room.mostBytes, () => {
      throw new Error("it broke");
    });
    await aMoment();
  }
  stop();
  expect(skipped).toHaveLength(40);
  expect(skipped[0]).toMatchObject({ what: "comparing answers" });
});

test("nothing enters or begins once the room is closed", async () => {
  const stop = new AbortController();
  const room = createWaitingRoom(stop.signal);
  let begun = 0;
  room.enter(1, () => {
    begun += 1;
  });
  stop.abort();
  expect(room.enter(1, () => {})).toBe(false);
  await aMoment();
  expect(begun).toBe(0);
});
