import { expect, test } from "vitest";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { listenTo } from "#infra/runtime/postgres/listen.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

test("a channel whose name is no plain word is refused", () => {
  for (const channel of ["", "Loud", "a; DROP TABLE tenants", 'a"b', "x".repeat(64)]) {
    const listen = () =>
      listenTo({ url: "postgres://127.0.0.1:1/x", channel, onNotify: () => {}, clock: createFakeClock() });
    expect(listen).toThrow("expected a plain channel name");
  }
});

test("a server that is away is tried again after a while, said each time, until nobody listens", async () => {
  const clock = createFakeClock();
  const skipped: unknown[] = [];
  const stop = sideConcernSkipped.subscribe(({ what, detail }) => skipped.push([what, detail]));
  const listening = listenTo({
    url: "postgres://nobody@127.0.0.1:1/x",
    channel: "nobody_hears",
    onNotify: () => skipped.push("notified"),
    clock,
    retryMs: 1_000,
  });
  await expect.poll(() => skipped.length).toBe(1);
  await expect
    .poll(() => {
      clock.advance(1_000);
      return skipped.length;
    })
    .toBeGreaterThan(1);
  await listening.close();
  await listening.close();
  stop();
  expect(new Set(skipped.map(String))).toEqual(new Set(["listening to PostgreSQL,nobody_hears"]));
});
