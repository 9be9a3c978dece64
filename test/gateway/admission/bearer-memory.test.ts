import { expect, test } from "vitest";
import { createTokenMemory } from "#gateway/admission/bearer-memory.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a memory of tokens is bounded, and who came least lately is forgotten first", () => {
  const clock = createFakeClock();
  const memory = createTokenMemory<number>({ clock, most: 3 });
  for (const index of [1, 2, 3]) memory.remember(`token-${index}`, index, clock.now() + 1_000);
  expect(memory.recall("token-1")).toBe(1);
  memory.remember("token-4", 4, clock.now() + 1_000);
  memory.remember("token-4", 5, clock.now() + 1_000);
  expect([1, 2, 3, 4].map((index) => memory.recall(`token-${index}`))).toEqual([1, undefined, 3, 5]);
});

test("what is known of a token ends with its time, and what has none is not kept", () => {
  const clock = createFakeClock();
  const memory = createTokenMemory<number>({ clock });
  memory.remember("short", 1, clock.now() + 10);
  memory.remember("over", 2, clock.now());
  expect([memory.recall("short"), memory.recall("over"), memory.recall("other")]).toEqual([
    1,
    undefined,
    undefined,
  ]);
  clock.advance(10);
  expect(memory.recall("short")).toBeUndefined();
});
