import { expect, test } from "vitest";
import { createPatience } from "#infra/runtime/soft-state/reply-patience.ts";

test("a reply in time is passed on, also when it is a refusal", async () => {
  const patience = createPatience(1_000);
  expect(await patience(Promise.resolve(7))).toBe(7);
  await expect(patience(Promise.reject(new Error("WRONGTYPE")))).rejects.toThrow("WRONGTYPE");
});

test("a reply that does not come is given up, each in its own time", async () => {
  const patience = createPatience(20);
  const never = new Promise<never>(() => {});
  const began = performance.now();
  const first = patience(never).catch(() => performance.now() - began);
  await expect(patience(never)).rejects.toThrow("no reply within 20 ms");
  expect(await first).toBeGreaterThanOrEqual(19);
  await expect(patience(never)).rejects.toThrow("no reply within 20 ms");
});

test("a reply that came while the process was busy is not called late", async () => {
  const patience = createPatience(10);
  const { promise, resolve } = Promise.withResolvers<string>();
  const waited = patience(promise);
  // What is due in the same turn of the event loop as the timer is heard before anything is given up.
  setTimeout(() => {
    const until = performance.now() + 30;
    while (performance.now() < until);
    setImmediate(() => resolve("here"));
  }, 1);
  expect(await waited).toBe("here");
});
