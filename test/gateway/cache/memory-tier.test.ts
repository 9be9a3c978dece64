import { expect, test } from "vitest";
import { cacheKey } from "#gateway/cache/cache-key.ts";
import { MemoryTier } from "#gateway/cache/memory-tier.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";
import { keptAnswer, sampleKey, sampleParts } from "./sample-answer.ts";

const key = (digest: string) => cacheKey({ ...sampleParts, digest });

test("memory gives an answer back until its time is over, stale ones too", () => {
  const clock = createFakeClock();
  const memory = new MemoryTier({ clock });
  memory.set(sampleKey, keptAnswer());
  clock.advance(89_999);
  expect(memory.get(sampleKey)).toEqual(keptAnswer());
  clock.advance(1);
  expect(memory.get(sampleKey)).toBeUndefined();
  expect([memory.size, memory.bytes]).toEqual([0, 0]);
});

test("memory takes no answer whose time is over already", () => {
  const memory = new MemoryTier({ clock: createFakeClock() });
  memory.set(sampleKey, keptAnswer(1_600_000_000_000));
  expect(memory.size).toBe(0);
});

test("memory shows a tenant nothing of another one, even under the same name", () => {
  const memory = new MemoryTier({ clock: createFakeClock() });
  memory.set(sampleKey, keptAnswer());
  expect(memory.get({ ...sampleKey, tag: "evil" })).toBeUndefined();
  expect(memory.get(sampleKey)).toBeDefined();
});

test("memory drops what was used least recently when it is full", () => {
  const memory = new MemoryTier({ clock: createFakeClock(), maxEntries: 3 });
  for (const digest of ["a", "b", "c"]) memory.set(key(digest), keptAnswer());
  memory.get(key("a"));
  memory.get(key("a"));
  memory.set(key("d"), keptAnswer());
  memory.set(key("e"), keptAnswer());
  expect(["a", "b", "c", "d", "e"].filter((digest) => memory.get(key(digest)))).toEqual(["a", "d", "e"]);
});

test("an answer in memory that takes another's place gives its room back", () => {
  const memory = new MemoryTier({ clock: createFakeClock() });
  memory.set(sampleKey, keptAnswer());
  const { bytes } = memory;
  memory.set(sampleKey, { ...keptAnswer(), core: "x" });
  expect(memory.size).toBe(1);
  expect(memory.bytes).toBeLessThan(bytes);
});

test("an answer larger than the whole memory drops nothing but its elder", () => {
  const memory = new MemoryTier({ clock: createFakeClock(), maxBytes: 4_000 });
  memory.set(key("a"), keptAnswer());
  memory.set(key("b"), keptAnswer());
  memory.set(key("b"), { ...keptAnswer(), core: "x".repeat(4_000) });
  expect([memory.get(key("a")), memory.get(key("b"))]).toEqual([keptAnswer(), undefined]);
});

test("text beyond ASCII counts with what it takes", () => {
  const memory = new MemoryTier({ clock: createFakeClock() });
  memory.set(key("a"), { ...keptAnswer(), core: "x".repeat(1_000) });
  const { bytes } = memory;
  memory.set(key("b"), { ...keptAnswer(), core: "☃".repeat(1_000) });
  expect(memory.bytes - bytes).toBe(bytes + 1_000);
});

test("memory keeps its bounds and counts truly under 100,000 random answers", () => {
  const random = seededRandom(3);
  const clock = createFakeClock();
  const memory = new MemoryTier({ clock, maxBytes: 300_000, maxEntries: 400 });
  const core = "x".repeat(3_000);
  let most = 0;
  for (let round = 0; round < 100_000; round += 1) {
    const at = { tag: "acme", name: `${random.integer(0, 5_000)}` };
    const answer = { ...keptAnswer(clock.now()), core: core.slice(random.integer(0, 3_000)) };
    if (random.chance(0.3)) memory.get(at);
    else memory.set(at, { ...answer, staleUntil: answer.staleUntil - random.integer(0, 80_000) });
    if (round % 100 === 0) clock.advance(random.integer(0, 500));
    most = Math.max(most, memory.bytes);
    if (memory.bytes > 300_000 || memory.size > 400) throw new Error(`over the bound in round ${round}`);
  }
  expect(most).toBeGreaterThan(250_000);
  clock.advance(90_000);
  for (let name = 0; name <= 5_000; name += 1) memory.get({ tag: "acme", name: `${name}` });
  expect([memory.size, memory.bytes]).toEqual([0, 0]);
});
