import { expect, test } from "vitest";
import { takePages } from "#adapters/azure/take-pages.ts";

async function* numbers(upTo: number) {
  for (let number = 1; number <= upTo; number += 1) yield number;
}

test("a list of Azure is taken whole, and one without an end is refused", async () => {
  expect(await takePages(numbers(3), 3)).toEqual([1, 2, 3]);
  await expect(takePages(numbers(Number.POSITIVE_INFINITY), 3)).rejects.toMatchObject({
    code: "provider_answer_invalid",
  });
});
