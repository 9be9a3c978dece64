import { expect, test } from "vitest";
import { openKeyRing } from "#gateway/admission/key-ring.ts";
import { createApiKey, type KeyRecord, looksLikeKey } from "#gateway/records/api-key.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a key is known by its text, and its record holds only a hash", async () => {
  const { text, record } = createApiKey("ci", systemChance);
  await using ring = await openKeyRing({ read: async () => [record], clock: createFakeClock() });
  expect(looksLikeKey(text)).toBe(true);
  expect(ring.find(text)).toEqual(record);
  expect(JSON.stringify(record)).not.toContain(text.slice(16));
  expect(["", "tw_", `${text}x`, text.slice(0, -1), "Bearer x", text.toUpperCase()].map(ring.find)).toEqual(
    Array(6).fill(undefined),
  );
});

test("a revoked key stops working at the next turn", async () => {
  const clock = createFakeClock();
  const { text, record } = createApiKey("ci", systemChance);
  let stored: KeyRecord[] = [record];
  await using ring = await openKeyRing({ read: async () => stored, clock, refreshMs: 1_000 });
  stored = [];
  expect(ring.find(text)).toEqual(record);
  clock.advance(1_000);
  await expect.poll(() => ring.find(text)).toBeUndefined();
});

test("a database that is away leaves the last keys working and says that a turn was skipped", async () => {
  const clock = createFakeClock();
  const { text, record } = createApiKey("ci", systemChance);
  const skipped: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => skipped.push(what));
  let reads = 0;
  const read = async (): Promise<KeyRecord[]> => {
    reads += 1;
    if (reads > 1) throw new Error("away");
    return [record];
  };
  await using ring = await openKeyRing({ read, clock, refreshMs: 1_000 });
  clock.advance(1_000);
  await expect.poll(() => skipped).toEqual(["refreshing the keys"]);
  expect(ring.find(text)).toEqual(record);
  stop();
});

test("a ring that cannot read its keys at first does not open", async () => {
  const read = (): Promise<never> => Promise.reject(new Error("away"));
  await expect(openKeyRing({ read, clock: createFakeClock() })).rejects.toThrow("away");
});

test("closing a ring twice is fine and ends its turns", async () => {
  const ring = await openKeyRing({ read: async () => [], clock: createFakeClock() });
  await ring.close();
  await ring.close();
});
