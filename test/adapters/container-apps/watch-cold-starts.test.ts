import type { Replica } from "@azure/arm-appcontainers";
import { expect, test } from "vitest";
import { watchColdStarts } from "#adapters/container-apps/watch-cold-starts.ts";

const replica = (name: string, ready: boolean, createdAt = 1_000): Replica => ({
  name,
  createdTime: new Date(createdAt),
  runningState: ready ? "Running" : "NotRunning",
  containers: [{ ready }],
});

test("a cold start is from a replica's order to the first look at which it is ready", () => {
  const watch = watchColdStarts();
  expect(watch([replica("a", false)], 2_000)).toEqual([]);
  expect(watch([replica("a", true)], 9_000)).toEqual([{ at: 9_000, ms: 8_000 }]);
  expect(watch([replica("a", true)], 12_000)).toEqual([{ at: 9_000, ms: 8_000 }]);
});

test("a replica that nobody saw waiting tells nothing", () => {
  const watch = watchColdStarts();
  expect(watch([replica("a", true)], 9_000)).toEqual([]);
});

test("a replica without a time, or from the future, makes no nonsense", () => {
  const watch = watchColdStarts();
  watch([replica("a", false, Number.NaN), replica("b", false, 99_000)], 2_000);
  const told = watch([replica("a", true, Number.NaN), replica("b", true, 99_000)], 3_000);
  expect(told).toEqual([{ at: 3_000, ms: 0 }]);
});

test("no more cold starts are kept than are of use", () => {
  const watch = watchColdStarts();
  const all = (ready: boolean) => Array.from({ length: 80 }, (_, place) => replica(`r${place}`, ready));
  watch(all(false), 2_000);
  expect(watch(all(true), 3_000)).toHaveLength(50);
});
