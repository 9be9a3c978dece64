import { expect, test } from "vitest";
import { createGate } from "#infra/runtime/gate.ts";

test("a gate lets as many in as it has places, in the order in which they came, and failures give theirs back", async () => {
  const gate = createGate(2);
  const [entered, open] = [[] as number[], [] as (() => void)[]];
  let inside = 0;
  let most = 0;
  const enter = (number: number) =>
    gate(async () => {
      entered.push(number);
      inside += 1;
      most = Math.max(most, inside);
      await new Promise<void>((resolve) => open.push(resolve));
      inside -= 1;
      if (number % 3 === 0) throw new Error(`task ${number}`);
    }).then(
      () => true,
      () => false,
    );
  const tasks = Array.from({ length: 5 }, (_, number) => enter(number));
  for (let number = 0; number < 9; number += 1) {
    if (number < 4) tasks.push(enter(number + 5));
    await new Promise((resolve) => setImmediate(resolve));
    open[number]?.();
  }
  expect(await Promise.all(tasks)).toEqual(Array.from({ length: 9 }, (_, number) => number % 3 !== 0));
  expect(entered).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(most).toBe(2);
});
