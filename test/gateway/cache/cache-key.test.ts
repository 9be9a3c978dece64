import { expect, test } from "vitest";
import { type CacheKeyParts, cacheKey } from "#gateway/cache/cache-key.ts";
import { seededRandom } from "#test/support/random.ts";
import { sampleParts } from "./sample-answer.ts";

const names = ["tenant", "model", "version", "answerClass", "parameters", "digest"] as const;

test("a cache key is the tenant's, and its name a short plain word that stays the same", () => {
  const { tag, name } = cacheKey(sampleParts);
  expect(tag).toBe("acme");
  expect(name).toMatch(/^[\w-]{43}$/);
  expect(cacheKey({ ...sampleParts })).toEqual({ tag, name });
});

test.each(names)("another %s is another cache key", (part) => {
  const other = cacheKey({ ...sampleParts, [part]: `${sampleParts[part]}x` });
  expect(other.name).not.toBe(cacheKey(sampleParts).name);
});

test("text that moves from one part of a cache key to the next makes another key", () => {
  const one = cacheKey({ ...sampleParts, model: "a", version: "bc" });
  const two = cacheKey({ ...sampleParts, model: "ab", version: "c" });
  const three = cacheKey({ ...sampleParts, model: "a2:bc", version: "" });
  expect(new Set([one.name, two.name, three.name]).size).toBe(3);
});

test("halves of surrogate pairs, which hash alike, still make different cache keys", () => {
  const models = ["\ud800", "\ud801", "\ufffd", '"\\ud800"', "\\ud800"];
  expect(new Set(models.map((model) => cacheKey({ ...sampleParts, model }).name)).size).toBe(models.length);
});

test("no two of 20,000 different part lists of few characters share a cache key", () => {
  const random = seededRandom(41);
  const alphabet = ["", "1", ":", "0", "~", "a", "é", "\ud800", '"'];
  const word = () =>
    Array.from({ length: random.integer(0, 3) }, () => alphabet[random.integer(0, 8)]).join("");
  const lists = new Map<string, string>();
  for (let round = 0; round < 20_000; round += 1) {
    const parts: CacheKeyParts = {
      tenant: word(),
      model: word(),
      version: word(),
      answerClass: word(),
      parameters: word(),
      digest: word(),
    };
    const list = JSON.stringify(parts);
    const { name } = cacheKey(parts);
    if ((lists.get(name) ?? list) !== list) throw new Error(`${list} and ${lists.get(name)} share a key`);
    lists.set(name, list);
  }
  expect(lists.size).toBeGreaterThan(10_000);
});
