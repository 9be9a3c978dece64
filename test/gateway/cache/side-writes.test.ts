import { expect, test } from "vitest";
import { createSideWrites } from "#gateway/cache/side-writes.ts";
import type { SoftOperation } from "#infra/runtime/soft-state/soft-state.ts";

const write = (key: string) => ({ kind: "delete", key }) as const;

function open() {
  const calls: (readonly SoftOperation[])[] = [];
  const apply = async (operations: readonly SoftOperation[]) => {
    calls.push(operations);
    return operations.map(() => true) as never;
  };
  return { calls, writes: createSideWrites({ apply }, 4) };
}

test("writes of the same moment go out in one call, a little later", async () => {
  const { calls, writes } = open();
  writes.send([write("a")]);
  writes.send([write("b"), write("c")]);
  expect(calls).toEqual([]);
  await expect.poll(() => calls.map((one) => one.length)).toEqual([3]);
});

test("what somebody waits for goes out at once and takes along what is there", () => {
  const { calls, writes } = open();
  writes.send([write("a")]);
  writes.send([write("b")], { urgent: true });
  expect(calls.map((one) => one.length)).toEqual([2]);
});

test("an orderly end writes what was gathered", async () => {
  const { calls, writes } = open();
  writes.send([write("a")]);
  await writes.settled();
  expect(calls.map((one) => one.length)).toEqual([1]);
});
