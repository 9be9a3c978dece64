import { expect, test } from "vitest";
import { BoundedStore } from "#infra/runtime/soft-state/bounded-store.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const value = new Uint8Array(1_000);
const weigh = (bytes: Uint8Array): number => bytes.byteLength;

test("stays within its bytes whatever is stored", () => {
  const store = new BoundedStore({ clock: createFakeClock(), maxEntries: 1_000, maxBytes: 10_000, weigh });
  for (let count = 0; count < 500; count += 1) store.set(`key ${count}`, value, { ttlMs: 1_000 });
  expect(store.bytes).toBeLessThanOrEqual(10_000);
  expect(store.get("key 499")).toBeDefined();
  expect(store.get("key 0")).toBeUndefined();
});

test("counts no bytes for what was replaced, deleted or expired", () => {
  const clock = createFakeClock();
  const store = new BoundedStore({ clock, maxEntries: 10, maxBytes: 100_000, weigh });
  store.set("replaced", value, { ttlMs: 10 });
  store.set("replaced", value, { ttlMs: 10 });
  store.set("deleted", value, { ttlMs: 1_000 });
  store.delete("deleted");
  clock.advance(10);
  expect(store.get("replaced")).toBeUndefined();
  expect([store.size, store.bytes]).toEqual([0, 0]);
});

test("sweeps what expired unread while others write", () => {
  const clock = createFakeClock();
  const store = new BoundedStore({ clock, maxEntries: 10_000, maxBytes: 100_000_000, weigh });
  for (let count = 0; count < 1_000; count += 1) store.set(`old ${count}`, value, { ttlMs: 10 });
  clock.advance(10);
  for (let count = 0; count < 2_000; count += 1) store.set("the same key", value, { ttlMs: 10 });
  expect(store.size).toBe(1);
});

test("holds nothing that is larger than all it may hold", () => {
  const store = new BoundedStore({ clock: createFakeClock(), maxEntries: 10, maxBytes: 500, weigh });
  store.set("too large", value, { ttlMs: 10 });
  expect([store.size, store.bytes]).toEqual([0, 0]);
});
