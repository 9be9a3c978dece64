import { expect, test } from "vitest";
import { stopProcess } from "#infra/runtime/postgres/stop-process.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function fakeProcess(endsAt?: string) {
  const heard: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<number | string>();
  const kill = (signal: string): void => {
    heard.push(signal);
    if (signal === endsAt) resolve(0);
  };
  return { heard, process: { child: { pid: 7, kill }, ended } };
}

test("a server that ends when asked hears no harder word", async () => {
  const { heard, process } = fakeProcess("SIGINT");
  await stopProcess(process, createFakeClock());
  expect(heard).toEqual(["SIGINT"]);
});

test("a server that cannot be ended is told harder each time, then named instead of waited for", async () => {
  const clock = createFakeClock();
  const { heard, process } = fakeProcess();
  const stopping = stopProcess(process, clock);
  const failed = expect(stopping).rejects.toThrow("the embedded PostgreSQL (process 7) does not end");
  for (const word of ["SIGINT", "SIGQUIT", "SIGKILL"]) {
    await expect.poll(() => heard.at(-1)).toBe(word);
    clock.advance(10_000);
  }
  await failed;
});
