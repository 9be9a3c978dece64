import { expect, test } from "vitest";
import { surroundings } from "#gateway/client/surroundings.ts";

const { elapsed, sleep, chance, name } = surroundings;

test("a client's sleep takes its time, and ends at once when nobody waits any more", async () => {
  const began = elapsed();
  await sleep(20, new AbortController().signal);
  expect(elapsed() - began).toBeGreaterThan(15);
  const leaving = new AbortController();
  const slept = sleep(60_000, leaving.signal);
  leaving.abort(new Error("gone"));
  await expect(slept).rejects.toThrow("gone");
  await expect(sleep(1, leaving.signal)).rejects.toThrow("gone");
});

test("a client's names and chance differ from one time to the next", () => {
  expect(new Set(Array.from({ length: 100 }, name)).size).toBe(100);
  for (const number of Array.from({ length: 100 }, chance)) {
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
  }
});
