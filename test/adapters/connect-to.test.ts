import type { LookupAddress } from "node:dns";
import { expect, test } from "vitest";
import { connectTo } from "#adapters/connect-to.ts";

test("without an address the name leads", () => {
  expect(connectTo(undefined, 5)).toEqual({ timeout: 5 });
});

test.each([
  ["10.0.0.1", 4],
  ["fd00::1", 6],
])("the address %s is where every name leads, asked for one or for all", (address, family) => {
  const { lookup, timeout } = connectTo(address, 7);
  const found: unknown[] = [];
  const note = (_: unknown, at: string | LookupAddress[], of?: number) => found.push([at, of]);
  lookup?.("anything", { all: true }, note);
  lookup?.("anything", {}, note);
  expect(timeout).toBe(7);
  expect(found).toEqual([
    [[{ address, family }], undefined],
    [address, family],
  ]);
});
