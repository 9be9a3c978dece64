import { expect, test, vi } from "vitest";
import { keepHeard } from "#edge/sync/keep-heard.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const { signal } = new AbortController();

function rig(tell: (times: number) => Promise<void> = async () => {}) {
  const clock = createFakeClock();
  const { promise: work, resolve, reject } = Promise.withResolvers<void>();
  let told = 0;
  const done = keepHeard(() => work, {
    ...{ clock, signal, everyMs: 1_000 },
    tell: async () => {
      told += 1;
      await tell(told);
    },
  });
  return { clock, done, resolve, reject, told: () => told };
}

test("a fetch that takes long is told of as often as the gateway wants to hear, and no more when it is over", async () => {
  const { clock, done, resolve, told } = rig();
  for (const times of [1, 2, 3]) {
    clock.advance(1_000);
    await vi.waitFor(() => expect(told()).toBe(times));
    await Promise.resolve();
  }
  resolve();
  await done;
  clock.advance(60_000);
  expect(told()).toBe(3);
});

test("what is over before anybody waits for news is not told of by itself", async () => {
  const { done, resolve, told } = rig();
  resolve();
  await done;
  expect(told()).toBe(0);
});

test("a gateway that is away while a fetch goes on stops neither the fetch nor the next try to tell", async () => {
  const { clock, done, resolve, told } = rig(() => Promise.reject(new Error("nobody answers")));
  for (const times of [1, 2]) {
    clock.advance(1_000);
    await vi.waitFor(() => expect(told()).toBe(times));
    await new Promise((next) => setImmediate(next));
  }
  resolve();
  await expect(done).resolves.toBeUndefined();
});

test("what a fetch ends with is what is thrown", async () => {
  const { done, reject } = rig();
  reject(new Error("it broke"));
  await expect(done).rejects.toThrow("it broke");
});
