import { expect, test } from "vitest";
import { allLeft } from "#inference/engine/remote/all-left.ts";

test("all have left when the last one has, those who had left before included", () => {
  const [early, first, last] = [new AbortController(), new AbortController(), new AbortController()];
  early.abort();
  const left = allLeft([early.signal, first.signal, last.signal]);
  first.abort();
  expect(left.signal.aborted).toBe(false);
  last.abort("gone");
  expect(left.signal).toMatchObject({ aborted: true, reason: "gone" });
});

test("nobody's leaving counts after the listening has ended", () => {
  const caller = new AbortController();
  const left = allLeft([caller.signal]);
  left.release();
  caller.abort();
  expect(left.signal.aborted).toBe(false);
});
