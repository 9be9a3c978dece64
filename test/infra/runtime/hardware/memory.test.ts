import { expect, test } from "vitest";
import { memoryRoom, readRss } from "#infra/runtime/hardware/memory.ts";

test("this process holds some memory", () => {
  expect(readRss(process)).toBeGreaterThan(10_000_000);
});

test.each([
  [{ constrainedBytes: 0, totalBytes: 8e9 }, 8e9],
  [{ constrainedBytes: 2e9, totalBytes: 8e9 }, 2e9],
  [{ constrainedBytes: 1.8e19, totalBytes: 8e9 }, 8e9],
])("of %j the smaller is the room", (room, bytes) => {
  expect(memoryRoom(room)).toBe(bytes);
});
