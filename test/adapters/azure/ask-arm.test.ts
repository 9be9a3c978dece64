import { expect, test } from "vitest";
import { askArm, readArm, readIfThere } from "#adapters/azure/ask-arm.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const call = { action: "Microsoft.Web/sites/read", signal: new AbortController().signal };
const chance = { number: () => 0, bytes: (count: number) => new Uint8Array(count) };

test("a call to Azure ends with its signal, though the SDK goes on", async () => {
  const stop = new AbortController();
  const asked = askArm({ ...call, signal: stop.signal }, () => new Promise<never>(() => {}));
  stop.abort(new DOMException("late", "TimeoutError"));
  await expect(asked).rejects.toMatchObject({ code: "deadline_exceeded" });
});

test("a call to Azure whose time is over already is not made", async () => {
  let calls = 0;
  const asked = askArm({ ...call, signal: AbortSignal.abort() }, async () => {
    calls += 1;
  });
  await expect(asked).rejects.toMatchObject({ code: "deadline_exceeded" });
  expect(calls).toBe(0);
});

test("a question to Azure is asked again when it was lost", async () => {
  let calls = 0;
  const surroundings = { clock: { ...createFakeClock(), sleep: async () => {} }, chance };
  const answer = await readArm(call, surroundings, async () => {
    calls += 1;
    if (calls < 3) throw Object.assign(new Error("gone"), { statusCode: 503 });
    return "here";
  });
  expect([answer, calls]).toEqual(["here", 3]);
});

test("a question that waits to be asked again says at the end of its time what went wrong", async () => {
  const stop = new AbortController();
  const clock = {
    ...createFakeClock(),
    sleep: async () => {
      stop.abort(new DOMException("late", "TimeoutError"));
      throw new DOMException("aborted", "AbortError");
    },
  };
  const asked = readArm({ ...call, signal: stop.signal }, { clock, chance }, async () => {
    throw Object.assign(new Error("gone"), { statusCode: 503 });
  });
  await expect(asked).rejects.toMatchObject({ code: "provider_unavailable" });
});

test("what is not there is undefined, and every other failure stays one", async () => {
  const missing = new TradewindError("provider_missing", "no");
  expect(await readIfThere(Promise.reject(missing))).toBeUndefined();
  const refused = new TradewindError("provider_refused", "no");
  await expect(readIfThere(Promise.reject(refused))).rejects.toBe(refused);
});
