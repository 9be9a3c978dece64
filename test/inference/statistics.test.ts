import { expect, test } from "vitest";
import type { Cost } from "#inference/face.ts";
import { createStatistics, executionsOf, type ModelKey, type Statistics } from "#inference/statistics.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

const key: ModelKey = { model: "digits", version: "1" };

const cost = (parts: Partial<Cost> = {}): Cost => ({
  items: 1,
  queueMs: 0,
  inputMs: 0,
  inferMs: 0,
  outputMs: 0,
  batch: 1,
  ...parts,
});

const watching = (...keys: readonly ModelKey[]): Statistics => {
  const statistics = createStatistics({ clock: createFakeClock({ startAt: 1_700_000_000_123 }) });
  for (const each of keys) statistics.register(each);
  return statistics;
};

const executions = (statistics: Statistics): number =>
  statistics.tallies().reduce((sum, tally) => sum + executionsOf(tally), 0);

test("statistics answer in Triton's shape, with its keys in their order and whole numbers", () => {
  const statistics = watching(key);
  statistics.succeeded({
    ...key,
    totalMs: 12.5,
    cost: cost({ items: 2, batch: 2, queueMs: 1.25, inputMs: 2, inferMs: 8.000_001_4, outputMs: 0.5 }),
  });
  statistics.failed({ ...key, totalMs: 3, reason: "REJECTED" });
  const zero = { count: 0, ns: 0 };
  const answer = {
    model_stats: [
      {
        name: "digits",
        version: "1",
        last_inference: 1_700_000_000_123,
        inference_count: 2,
        execution_count: 1,
        inference_stats: {
          success: { count: 1, ns: 12_500_000 },
          fail: { count: 1, ns: 3_000_000 },
          queue: { count: 1, ns: 1_250_000 },
          compute_input: { count: 1, ns: 2_000_000 },
          compute_infer: { count: 1, ns: 8_000_001 },
          compute_output: { count: 1, ns: 500_000 },
          cache_hit: zero,
          cache_miss: zero,
        },
        response_stats: {},
        batch_stats: [
          {
            batch_size: 2,
            compute_input: { count: 1, ns: 2_000_000 },
            compute_infer: { count: 1, ns: 8_000_001 },
            compute_output: { count: 1, ns: 500_000 },
          },
        ],
        memory_usage: [],
      },
    ],
  };
  expect(JSON.stringify(statistics.read())).toBe(JSON.stringify(answer));
});

test("a model that nobody asked anything yet has statistics of zeros", () => {
  const [stats] = watching(key).read().model_stats;
  expect(stats).toMatchObject({ last_inference: 0, inference_count: 0, execution_count: 0, batch_stats: [] });
});

test("requests that ran together count as one run, whose time is counted once", () => {
  const statistics = watching(key);
  for (const items of [1, 2, 5]) {
    statistics.succeeded({ ...key, totalMs: 9, cost: cost({ items, batch: 8, inferMs: 8, inputMs: 1 }) });
  }
  expect(statistics.read().model_stats).toMatchObject([
    {
      inference_count: 8,
      execution_count: 1,
      inference_stats: { compute_infer: { count: 3, ns: 24_000_000 } },
      batch_stats: [
        {
          batch_size: 8,
          compute_input: { count: 1, ns: 3_000_000 },
          compute_infer: { count: 1, ns: 8_000_000 },
        },
      ],
    },
  ]);
});

test("a request of several runs counts each of them", () => {
  const statistics = watching(key);
  statistics.succeeded({ ...key, totalMs: 30, cost: cost({ items: 3, batch: 1, inferMs: 27 }) });
  expect(statistics.read().model_stats).toMatchObject([
    { execution_count: 3, batch_stats: [{ batch_size: 1, compute_infer: { count: 3, ns: 27_000_000 } }] },
  ]);
});

test("images of one request count the runs that each was part of", () => {
  const statistics = watching(key);
  const image = (batch: number) => ({
    batch,
    timings: { queue: 0, preprocess: 1, inference: 8, postprocess: 2 },
  });
  const images = [image(1), image(4), image(4)];
  const request = { ...cost({ items: 3, batch: 4, inferMs: 8 }), images };
  statistics.succeeded({ ...key, totalMs: 30, cost: request });
  statistics.succeeded({ ...key, totalMs: 9, cost: cost({ items: 2, batch: 4, inferMs: 8, inputMs: 2 }) });
  expect(statistics.read().model_stats).toMatchObject([
    {
      inference_count: 5,
      execution_count: 2,
      inference_stats: { compute_infer: { count: 2, ns: 16_000_000 } },
      batch_stats: [
        { batch_size: 1, compute_infer: { count: 1, ns: 8_000_000 } },
        {
          batch_size: 4,
          compute_input: { count: 1, ns: 4_000_000 },
          compute_infer: { count: 1, ns: 8_000_000 },
        },
      ],
    },
  ]);
});

test("after the first answer of a batch there was a run already", () => {
  const statistics = watching(key);
  statistics.succeeded({ ...key, totalMs: 1, cost: cost({ items: 1, batch: 4 }) });
  expect(executions(statistics)).toBe(1);
});

test("a thousand random batches count as a thousand runs, in whatever order their requests end", () => {
  const random = seededRandom(11);
  const statistics = watching(key);
  const requests: Cost[] = [];
  for (let run = 0; run < 1000; run += 1) {
    const batch = random.integer(1, 13);
    for (let left = batch; left > 0; ) {
      const items = random.integer(1, left);
      requests.push(cost({ items, batch, inferMs: 1 }));
      left -= items;
    }
  }
  while (requests.length > 0) {
    const [request] = requests.splice(random.integer(0, requests.length - 1), 1);
    if (request) statistics.succeeded({ ...key, totalMs: 1, cost: request });
  }
  expect(executions(statistics)).toBe(1000);
});

test("batch sizes beyond the table's room are counted as runs and listed nowhere", () => {
  const statistics = watching(key);
  for (let batch = 1; batch <= 1000; batch += 1) {
    statistics.succeeded({ ...key, totalMs: 1, cost: cost({ items: batch, batch }) });
  }
  const [stats] = statistics.read().model_stats;
  expect(stats).toMatchObject({ execution_count: 1000, inference_count: 500_500 });
  expect(stats).toHaveProperty("batch_stats.length", 256);
});

test.each([Number.NaN, -5, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  "a time of %s is counted as none",
  (wrong) => {
    const statistics = watching(key);
    const request = cost({ queueMs: wrong, inputMs: wrong, inferMs: wrong, outputMs: wrong, batch: 0 });
    statistics.succeeded({ ...key, totalMs: wrong, cost: request });
    statistics.failed({ ...key, totalMs: wrong, reason: "OTHER" });
    const text = JSON.stringify(statistics.read());
    expect(text).not.toMatch(/null|-\d/);
    expect(text).toContain('"success":{"count":1,"ns":0}');
  },
);

test("nothing is kept of models that are not registered", () => {
  const statistics = watching(key);
  statistics.succeeded({ model: "x", version: "1", totalMs: 1, cost: cost() });
  statistics.failed({ model: "digits", version: "2", totalMs: 1, reason: "OTHER" });
  expect(statistics.tallies()).toHaveLength(1);
  expect(statistics.read().model_stats).toMatchObject([{ inference_stats: { fail: { count: 0 } } }]);
});

test("a model is forgotten when its last holder lets go, and one that was replaced goes on counting", () => {
  const statistics = createStatistics({ clock: createFakeClock() });
  const first = statistics.register(key);
  statistics.succeeded({ ...key, totalMs: 1, cost: cost() });
  const second = statistics.register(key);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(statistics.read().model_stats).toMatchObject([{ inference_count: 1 }]);
  second[Symbol.dispose]();
  expect(statistics.read().model_stats).toEqual([]);
});

test("statistics of all models come by name and by number of version", () => {
  const statistics = watching(
    { model: "b", version: "10" },
    { model: "b", version: "9" },
    { model: "a", version: "1" },
  );
  const named = (which: Parameters<Statistics["read"]>[0]) =>
    statistics.read(which).model_stats.map((stats) => Object.values(stats).slice(0, 2).join(":"));
  expect(named({})).toEqual(["a:1", "b:9", "b:10"]);
  expect(named({ model: "b" })).toEqual(["b:9", "b:10"]);
  expect(named({ model: "b", version: "10" })).toEqual(["b:10"]);
  expect(named({ model: "c" })).toEqual([]);
});
