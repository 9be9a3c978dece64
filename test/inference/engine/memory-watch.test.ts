import { afterEach, expect, test, vi } from "vitest";
import { judgeMemory, watchMemory } from "#inference/engine/memory-watch.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const limitBytes = 1000;

test.each([
  ["below the limit", { rssBytes: 999, baselineBytes: 100, requestsSince: 9 }, "fine"],
  ["at the limit", { rssBytes: 1000, baselineBytes: 100, requestsSince: 9 }, "recycle"],
  ["over the limit without growth", { rssBytes: 1500, baselineBytes: 1490, requestsSince: 9 }, "fine"],
  ["over the limit with enough growth", { rssBytes: 1600, baselineBytes: 1500, requestsSince: 9 }, "recycle"],
  [
    "over the limit, and nobody asked anything",
    { rssBytes: 2000, baselineBytes: 100, requestsSince: 0 },
    "fine",
  ],
])("memory %s is judged right", (_what, finding, verdict) => {
  expect(judgeMemory({ ...finding, limitBytes })).toBe(verdict);
});

const stop: AbortController[] = [];
afterEach(() => {
  for (const controller of stop.splice(0)) controller.abort();
});

const start = ({ recycle = async () => {} }: { readonly recycle?: () => Promise<void> } = {}) => {
  const clock = createFakeClock();
  const controller = new AbortController();
  stop.push(controller);
  const state = { rss: 100, requests: 0, recycled: 0 };
  const ended = watchMemory({
    readRss: () => state.rss,
    requests: () => state.requests,
    clock,
    everyMs: 1000,
    limitBytes,
    restMs: 5000,
    signal: controller.signal,
    onRecycle: () => {
      state.recycled += 1;
      return recycle();
    },
  });
  /** Lets so many looks pass, each with requests before it. */
  const pass = async (looks: number): Promise<void> => {
    for (let look = 0; look < looks; look += 1) {
      state.requests += 10;
      clock.advance(1000);
      await settled();
    }
  };
  return { state, pass, ended, controller };
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a process that stays small is left alone", async () => {
  const { state, pass } = start();
  await pass(50);
  expect(state.recycled).toBe(0);
});

test("a process that grew over its limit gets new workers once, and rests", async () => {
  const { state, pass } = start();
  state.rss = 1200;
  await pass(1);
  expect(state.recycled).toBe(1);
  await pass(30);
  expect(state.recycled).toBe(1);
});

test("what new workers need is the new measure, and growth beyond it is judged anew after the rest", async () => {
  const { state, pass } = start();
  state.rss = 1200;
  await pass(1);
  state.rss = 300;
  await pass(1);
  state.rss = 1200;
  await pass(3);
  expect(state.recycled).toBe(1);
  await pass(2);
  expect(state.recycled).toBe(2);
});

test("growth while the workers are being replaced starts no second replacement", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { state, pass } = start({ recycle: () => promise });
  state.rss = 1200;
  await pass(20);
  expect(state.recycled).toBe(1);
  resolve();
});

test.each([
  ["fails", () => Promise.reject(new Error("no room"))],
  [
    "throws",
    () => {
      throw new Error("no room");
    },
  ],
])("a replacement that %s is told aside and tried again after the rest", async (_how, recycle) => {
  const told = vi.fn();
  const silence = sideConcernSkipped.subscribe(({ what }) => told(what));
  const { state, pass } = start({ recycle });
  state.rss = 1200;
  await pass(2);
  state.rss = 1400;
  await pass(6);
  silence();
  expect(state.recycled).toBe(2);
  expect(told.mock.calls).toEqual([["recycling workers"], ["recycling workers"]]);
});

test("the watch ends with its signal, whatever it was doing", async () => {
  const { controller, ended, state, pass } = start();
  controller.abort();
  await ended;
  state.rss = 1200;
  await pass(2);
  expect(state.recycled).toBe(0);
});
