import { expect, test } from "vitest";
import { createTravel } from "#inference/engine/travel.ts";

function after(...runs: number[]) {
  const travel = createTravel();
  for (const ms of runs) travel.learn(ms);
  return travel;
}

test("runs travel alone until it is known how long they take, and where they take longer than their way", () => {
  for (const travel of [after(), after(6), after(0.06)]) {
    expect([travel.pays, travel.most]).toEqual([false, 1]);
    expect(travel.waits(1, 1)).toBe(false);
  }
});

test("tiny runs travel together, so many that nobody waits for long", () => {
  expect(after(0.001).most).toBe(16);
  expect(after(0.05).most).toBe(16);
  expect(after(0.02).pays).toBe(true);
});

test("a few tiny runs wait for the next message while one is under way, a full one leaves at once", () => {
  const travel = after(0.01);
  expect(travel.waits(3, 0)).toBe(false);
  expect(travel.waits(3, 1)).toBe(true);
  expect(travel.waits(16, 1)).toBe(false);
});

test("a model that grows slow is not held back any more", () => {
  const travel = after(0.01);
  for (let run = 0; run < 10; run += 1) travel.learn(5);
  expect(travel.pays).toBe(false);
});
