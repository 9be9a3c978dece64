import { expect, test } from "vitest";
import { retryCalmly } from "#adapters/retry-calmly.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { type ErrorCode, TradewindError } from "#infra/runtime/errors.ts";

type Told = { readonly slept: number[]; asked: number };

/** Fails so often with a code, and sleeps without taking time. */
const asked = (code: ErrorCode, times: number, retryAfterMs?: number) => {
  const told: Told = { slept: [], asked: 0 };
  const clock = {
    now: () => 0,
    elapsed: () => 0,
    sleep: async (ms: number, { signal }: { readonly signal?: AbortSignal } = {}) => {
      signal?.throwIfAborted();
      told.slept.push(ms);
    },
  };
  const chance = { ...systemChance, number: () => 0.5 };
  const ask = async (): Promise<string> => {
    told.asked += 1;
    if (told.asked > times) return "answered";
    throw new TradewindError(code, "no", retryAfterMs === undefined ? {} : { retryAfterMs });
  };
  return { ask, clock, chance, told };
};

const signal = AbortSignal.timeout(60_000);

test("a throttled call is asked again after times that grow and are left to chance", async () => {
  const { ask, told, ...calm } = asked("provider_throttled", 3);
  await expect(retryCalmly(ask, { ...calm, signal, mayRepeat: "refused" })).resolves.toBe("answered");
  expect(told.slept).toEqual([200, 400, 800]);
});

test("a throttled call waits as long as the cloud says, where that is longer", async () => {
  const { ask, told, ...calm } = asked("provider_throttled", 1, 5_000);
  await retryCalmly(ask, { ...calm, signal, mayRepeat: "refused" });
  expect(told.slept).toEqual([5_000]);
});

test("a change that may have happened is not asked for again, and a question is", async () => {
  const change = asked("provider_unavailable", 1);
  const refused = retryCalmly(change.ask, { ...change, signal, mayRepeat: "refused" });
  await expect(refused).rejects.toMatchObject({ code: "provider_unavailable" });
  const question = asked("provider_unavailable", 1);
  await expect(retryCalmly(question.ask, { ...question, signal, mayRepeat: "all" })).resolves.toBe(
    "answered",
  );
});

test("what is throttled for ever fails with that after five times, and what is forbidden at once", async () => {
  const forEver = asked("provider_throttled", 99);
  const tried = retryCalmly(forEver.ask, { ...forEver, signal, mayRepeat: "all" });
  await expect(tried).rejects.toMatchObject({ code: "provider_throttled" });
  expect(forEver.told.asked).toBe(5);
  const forbidden = asked("provider_forbidden", 99);
  await expect(retryCalmly(forbidden.ask, { ...forbidden, signal, mayRepeat: "all" })).rejects.toThrow("no");
  expect(forbidden.told.asked).toBe(1);
});

test("nothing is asked again after the signal", async () => {
  const { ask, told, ...calm } = asked("provider_throttled", 99);
  const over = AbortSignal.abort(new Error("over"));
  await expect(retryCalmly(ask, { ...calm, signal: over, mayRepeat: "all" })).rejects.toThrow("no");
  expect(told.asked).toBe(1);
});
