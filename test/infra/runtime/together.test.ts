import { expect, test } from "vitest";
import { together } from "#infra/runtime/together.ts";

const never = new AbortController().signal;

test("results come in the order of the tasks, whoever was first", async () => {
  const later = Promise.withResolvers<string>();
  const both = together(
    never,
    () => later.promise,
    async () => 2,
  );
  later.resolve("one");
  expect(await both).toEqual(["one", 2]);
});

test("the first failure stops the other task and is thrown after that has come to rest", async () => {
  const events: string[] = [];
  const slow = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        events.push("told to stop");
        setImmediate(() => {
          events.push("at rest");
          resolve();
        });
      });
    });
  const failing = together(never, slow, () => Promise.reject(new Error("first")));
  await expect(failing).rejects.toThrow("first");
  expect(events).toEqual(["told to stop", "at rest"]);
});

test("a signal from outside reaches both tasks", async () => {
  const outside = new AbortController();
  const waiting = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const stopped = together(outside.signal, waiting, waiting);
  outside.abort(new Error("stop"));
  await expect(stopped).rejects.toThrow("stop");
});
