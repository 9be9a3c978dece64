import { expect, test } from "vitest";
import { createForecaster } from "#inference/engine/forecaster.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const nobody = { aloneRuns: 0, aloneItems: 0, sharedItems: 0 };
const one = { items: 1, alone: true };

function openForecaster(workers: number) {
  const clock = createFakeClock();
  const forecaster = createForecaster({ clock, batchSize: 1, workers: () => workers });
  for (let run = 0; run < 10; run += 1) forecaster.learn(1, 10);
  return { clock, forecaster };
}

test("a run starts when the first of the busy workers is expected to be done", () => {
  const { clock, forecaster } = openForecaster(2);
  forecaster.started(1);
  expect([forecaster.idle, forecaster.forecast(nobody, one)?.startMs]).toEqual([true, 0]);
  clock.advance(4);
  forecaster.started(1);
  expect([forecaster.idle, forecaster.forecast(nobody, one)?.startMs]).toEqual([false, 6]);
});

test("a run that is overdue may end at any moment", () => {
  const { clock, forecaster } = openForecaster(1);
  forecaster.started(1);
  clock.advance(500);
  expect(forecaster.forecast(nobody, one)?.startMs).toBe(0);
});

test("a run that ended, well or not, leaves its worker free", () => {
  const { forecaster } = openForecaster(1);
  for (const ended of ["done", "failed"] as const) {
    const end = forecaster.started(1);
    expect(forecaster.idle).toBe(false);
    end(ended);
    expect(forecaster.idle).toBe(true);
  }
});

test("what is measured between start and end is what is learned", () => {
  const { clock, forecaster } = openForecaster(1);
  for (let run = 0; run < 50; run += 1) {
    const end = forecaster.started(1);
    clock.advance(15);
    end("done");
  }
  expect(forecaster.forecast(nobody, one)?.endMs).toBeCloseTo(15, 3);
});

test("runs under way without a living worker are waited for, and without either nothing is foretold", () => {
  const { forecaster } = openForecaster(0);
  expect([forecaster.idle, forecaster.forecast(nobody, one)]).toEqual([false, undefined]);
  forecaster.started(1);
  expect(forecaster.forecast(nobody, one)?.startMs).toBe(10);
});
