import { expect, test } from "vitest";
import { createBreaker } from "#edge/answer/breaker.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function openBreaker() {
  const clock = createFakeClock();
  const breaker = createBreaker({ clock });
  const attempt = (outcome: "answered" | "failed" | "open"): boolean => {
    const entered = breaker.enter();
    entered?.end(outcome);
    return entered !== undefined;
  };
  return { clock, breaker, attempt };
}

test("three failures in a row pause the asking, and an answer between them begins the counting anew", () => {
  const { attempt } = openBreaker();
  const outcomes = ["failed", "failed", "answered", "failed", "failed", "open", "failed"] as const;
  expect(outcomes.map(attempt)).toEqual(outcomes.map(() => true));
  expect(attempt("answered")).toBe(false);
});

test("pauses double from one second to sixty, and one answer ends them", () => {
  const { clock, attempt } = openBreaker();
  for (let failure = 0; failure < 3; failure += 1) attempt("failed");
  for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
    clock.advance(pauseMs - 1);
    expect(attempt("failed")).toBe(false);
    clock.advance(1);
    expect(attempt("failed")).toBe(true);
  }
  clock.advance(60_000);
  expect(attempt("answered")).toBe(true);
  expect([attempt("failed"), attempt("failed"), attempt("failed"), attempt("failed")]).toEqual([
    true,
    true,
    true,
    false,
  ]);
  clock.advance(1_000);
  expect(attempt("answered")).toBe(true);
});

test("after a pause one alone may try, and the next at once where that says nothing", () => {
  const { clock, breaker, attempt } = openBreaker();
  for (let failure = 0; failure < 3; failure += 1) attempt("failed");
  clock.advance(1_000);
  const first = breaker.enter();
  expect([first === undefined, breaker.enter()]).toEqual([false, undefined]);
  first?.end("open");
  expect(attempt("answered")).toBe(true);
  expect(attempt("answered")).toBe(true);
});

test("what was sent before the pause began does not make it longer", () => {
  const { clock, breaker, attempt } = openBreaker();
  const early = [breaker.enter(), breaker.enter()];
  for (let failure = 0; failure < 3; failure += 1) attempt("failed");
  for (const entered of early) entered?.end("failed");
  clock.advance(1_000);
  expect(attempt("answered")).toBe(true);
});
