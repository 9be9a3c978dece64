import { Counter, Gauge, Histogram } from "prom-client";
import { expect, test } from "vitest";
import type { ToWorker } from "#gateway/workers/messages.ts";
import { MetricsSum } from "#gateway/workers/metrics-sum.ts";
import { openPrimaryMetrics } from "#gateway/workers/primary-metrics.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

function worker(number: number) {
  const registry = createMetrics({ processMetrics: false });
  const registers = [registry];
  const heard: ToWorker[] = [];
  return {
    number,
    state: "ready" as const,
    heard,
    send: (message: ToWorker) => void heard.push(message),
    requests: new Counter({ name: "requests_total", help: "x", labelNames: ["code"], registers }),
    inHand: new Gauge({ name: "in_hand", help: "x", registers }),
    seconds: new Histogram({ name: "seconds", help: "x", buckets: [0.1, 1], registers }),
    list: () => registry.getMetricsAsJSON(),
  };
}

type Fake = ReturnType<typeof worker>;

function summing() {
  const clock = createFakeClock();
  const primary = openPrimaryMetrics(2);
  const sum = new MetricsSum({ primary, clock });
  const roundOf = ({ heard }: Fake): number => {
    const asked = heard.at(-1);
    return asked?.kind === "tell" ? asked.round : 0;
  };
  const answer = async (from: Fake, round = roundOf(from)): Promise<void> => {
    sum.take(from.number, { told: await from.list(), round });
  };
  const all = async (places: readonly Fake[]): Promise<string> => {
    const text = sum.ask(places);
    await Promise.all(places.map((place) => answer(place)));
    return await text;
  };
  return { clock, primary, sum, answer, all, roundOf };
}

const value = (text: string, series: string): number | undefined => {
  const line = text.split("\n").find((line) => line.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
};

test("counters, gauges and histograms of all workers are summed, label by label", async () => {
  const [one, two] = [worker(1), worker(2)];
  one.requests.inc({ code: "200" }, 3);
  two.requests.inc({ code: "200" }, 4);
  two.requests.inc({ code: "429" });
  one.inHand.set(2);
  two.inHand.set(5);
  one.seconds.observe(0.05);
  two.seconds.observe(0.5);
  const text = await summing().all([one, two]);
  expect(value(text, 'requests_total{code="200"}')).toBe(7);
  expect(value(text, 'requests_total{code="429"}')).toBe(1);
  expect(value(text, "in_hand")).toBe(7);
  expect(value(text, 'seconds_bucket{le="0.1"}')).toBe(1);
  expect(value(text, 'seconds_bucket{le="+Inf"}')).toBe(2);
  expect(value(text, "seconds_count")).toBe(2);
  expect(value(text, "tradewind_workers")).toBe(2);
  expect(value(text, "tradewind_workers_in_sum")).toBe(2);
});

test("a worker that does not answer within a second is left out, and the sum says how many are in", async () => {
  const { clock, sum, answer } = summing();
  const [one, two] = [worker(1), worker(2)];
  one.inHand.set(2);
  two.inHand.set(5);
  const text = sum.ask([one, two]);
  await answer(one);
  clock.advance(1_000);
  expect(value(await text, "in_hand")).toBe(2);
  expect(value(await text, "tradewind_workers_in_sum")).toBe(1);
});

test("what a late worker had counted stays in the sum, so that no total falls", async () => {
  const { clock, sum, answer, all } = summing();
  const [one, two] = [worker(1), worker(2)];
  one.requests.inc({ code: "200" }, 3);
  two.requests.inc({ code: "200" }, 4);
  await all([one, two]);
  one.requests.inc({ code: "200" });
  const text = sum.ask([one, two]);
  await answer(one);
  clock.advance(1_000);
  expect(value(await text, 'requests_total{code="200"}')).toBe(8);
});

test("an answer to an earlier round is not taken for one to this", async () => {
  const { clock, sum, answer, roundOf } = summing();
  const [one, two] = [worker(1), worker(2)];
  const first = sum.ask([one, two]);
  await answer(one);
  const late = roundOf(two);
  clock.advance(1_000);
  await first;
  const second = sum.ask([one, two]);
  await answer(two, late);
  await answer(one);
  clock.advance(1_000);
  expect(value(await second, "tradewind_workers_in_sum")).toBe(1);
});

test("what a worker counted outlives it, once, however many follow it", async () => {
  const { sum, all } = summing();
  const one = worker(1);
  one.requests.inc({ code: "200" }, 10);
  await all([one, worker(2)]);
  for (let followers = 1; followers <= 3; followers += 1) {
    sum.forget(2);
    const next = worker(2);
    next.requests.inc({ code: "200" }, 5);
    next.inHand.set(1);
    const text = await all([one, next]);
    expect(value(text, 'requests_total{code="200"}')).toBe(10 + 5 * followers);
    expect(value(text, "in_hand")).toBe(1);
  }
});

test("a worker that dies while it is asked is not waited for", async () => {
  const { sum, answer } = summing();
  const [one, two] = [worker(1), worker(2)];
  const text = sum.ask([one, two]);
  await answer(one);
  sum.forget(2);
  expect(value(await text, "tradewind_workers_in_sum")).toBe(1);
});

test("whoever asks during a round gets that round's sum, and each worker is asked once", async () => {
  const { sum, answer } = summing();
  const [one, two] = [worker(1), worker(2)];
  const both = [sum.ask([one, two]), sum.ask([one, two])];
  await answer(one);
  await answer(two);
  const [first, second] = await Promise.all(both);
  expect(second).toBe(first);
  expect(one.heard).toHaveLength(1);
});

test("workers that do not serve yet are not asked, and without any the primary speaks alone", async () => {
  const { sum } = summing();
  const starting = { ...worker(1), state: "starting" as const };
  const text = await sum.ask([starting]);
  expect(starting.heard).toEqual([]);
  expect(value(text, "tradewind_workers_in_sum")).toBe(0);
  expect(text).toContain('process_resident_memory_bytes{worker="primary"}');
});
