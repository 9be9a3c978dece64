import { expect, test } from "vitest";
import { within } from "#infra/runtime/blobs/within.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const never = () => new Promise<never>(() => undefined);

test("work that looks at no signal is given up when its time is over", async () => {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const work = within({ clock, ms: 100, signal }, never);
  clock.advance(100);
  await expect(work).rejects.toThrow("no answer within 100 ms");
});

test("work that looks at no signal is given up with the caller's", async () => {
  const leaving = new AbortController();
  const work = within({ clock: createFakeClock(), ms: 100, signal: leaving.signal }, never);
  leaving.abort(new Error("left"));
  await expect(work).rejects.toThrow("left");
});

test("work for a caller who has left is not begun", async () => {
  let begun = false;
  const work = within(
    { clock: createFakeClock(), ms: 100, signal: AbortSignal.abort(new Error("left")) },
    async () => {
      begun = true;
    },
  );
  await expect(work).rejects.toThrow("left");
  expect(begun).toBe(false);
});

test("the signal of work that was in time does not end when the time does", async () => {
  const clock = createFakeClock();
  const { signal } = new AbortController();
  const given = await within({ clock, ms: 100, signal }, async (one) => one);
  clock.advance(1_000);
  await Promise.resolve();
  expect(given.aborted).toBe(false);
});
