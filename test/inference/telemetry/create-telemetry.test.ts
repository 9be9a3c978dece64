import { expect, test } from "vitest";
import type { Cost } from "#inference/face.ts";
import { createStatistics } from "#inference/statistics.ts";
import { createTelemetry } from "#inference/telemetry/create-telemetry.ts";
import { failureReason } from "#inference/telemetry/failure-reason.ts";
import type { WatchedModel } from "#inference/telemetry/watched-models.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { catalogue, type ErrorCode, isErrorCode } from "#infra/runtime/errors.ts";
import { createMetrics } from "#infra/runtime/metrics.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const key = { model: "digits", version: "1" };
const cost: Cost = { items: 2, queueMs: 1, inputMs: 4, inferMs: 6.0005, outputMs: 2, batch: 2 };

const watched = (parts: Partial<WatchedModel> = {}): WatchedModel => ({
  ...key,
  task: "detect",
  precision: "fp32",
  executionProvider: "cpu",
  takesImages: true,
  pending: () => 0,
  ...parts,
});

const open = () => {
  const metrics = createMetrics({ processMetrics: false });
  const statistics = createStatistics({ clock: createFakeClock() });
  const telemetry = createTelemetry({ metrics, statistics });
  const lines = async (start: string): Promise<readonly string[]> =>
    (await metrics.metrics()).split("\n").filter((line) => line.startsWith(start));
  return { metrics, telemetry, lines };
};

test("Triton's metrics appear under its names, labels and units", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched({ pending: () => 3 }));
  telemetry.succeeded({ ...key, cost, totalMs: 13.5 });
  telemetry.failed({ ...key, code: "backend_full", totalMs: 1 });
  const labels = '{model="digits",version="1"}';
  const failure = (reason: string, count: number) =>
    `nv_inference_request_failure{model="digits",version="1",reason="${reason}"} ${count}`;
  expect(await lines("nv_")).toEqual([
    `nv_inference_request_success${labels} 1`,
    `nv_inference_count${labels} 2`,
    `nv_inference_exec_count${labels} 1`,
    `nv_inference_request_duration_us${labels} 13500`,
    `nv_inference_queue_duration_us${labels} 1000`,
    `nv_inference_compute_input_duration_us${labels} 4000`,
    `nv_inference_compute_infer_duration_us${labels} 6000`,
    `nv_inference_compute_output_duration_us${labels} 2000`,
    failure("REJECTED", 1),
    failure("CANCELED", 0),
    failure("BACKEND", 0),
    failure("OTHER", 0),
    `nv_inference_pending_request_count${labels} 3`,
  ]);
});

test("Triton's metrics are counters and a gauge, so that rates of them make sense", async () => {
  const { lines } = open();
  const types = (await lines("# TYPE nv_")).map((line) => line.split(" ").slice(2).join(" "));
  expect(types.filter((line) => line.endsWith(" counter"))).toHaveLength(9);
  expect(types.filter((line) => !line.endsWith(" counter"))).toEqual([
    "nv_inference_pending_request_count gauge",
  ]);
});

test("times are histograms of seconds, those of images by part", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched());
  telemetry.succeeded({ ...key, cost, totalMs: 13 });
  telemetry.failed({ ...key, code: "internal", totalMs: 250 });
  expect(await lines("tradewind_backend_image_seconds_sum")).toEqual([
    'tradewind_backend_image_seconds_sum{model="digits",part="queue"} 0.002',
    'tradewind_backend_image_seconds_sum{model="digits",part="preprocess"} 0.008',
    expect.stringMatching(/part="inference"\} 0\.012/),
    'tradewind_backend_image_seconds_sum{model="digits",part="postprocess"} 0.004',
  ]);
  expect(await lines('tradewind_backend_image_seconds_count{model="digits",part="queue"}')).toEqual([
    'tradewind_backend_image_seconds_count{model="digits",part="queue"} 2',
  ]);
  expect(await lines("tradewind_backend_request_seconds_sum")).toEqual([
    'tradewind_backend_request_seconds_sum{model="digits",outcome="ok"} 0.013',
    'tradewind_backend_request_seconds_sum{model="digits",outcome="failed"} 0.25',
  ]);
  expect(await lines('tradewind_backend_batch_size_bucket{le="1"')).toEqual([
    'tradewind_backend_batch_size_bucket{le="1",model="digits"} 0',
  ]);
  expect(await lines('tradewind_backend_batch_size_bucket{le="2"')).toEqual([
    'tradewind_backend_batch_size_bucket{le="2",model="digits"} 1',
  ]);
});

test("each image of a request is timed by itself where its times are known", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched());
  const images = [0.4, 20].map((inference) => ({
    timings: { queue: 0, preprocess: 0, inference, postprocess: 0 },
  }));
  telemetry.succeeded({ ...key, cost: { ...cost, images }, totalMs: 30 });
  const label = 'model="digits",part="inference"';
  const counted = (await lines("tradewind_backend_image_seconds_")).filter((line) => line.includes(label));
  expect(counted).toContain(`tradewind_backend_image_seconds_bucket{le="0.0005",${label}} 1`);
  expect(counted).toContain(`tradewind_backend_image_seconds_bucket{le="0.01",${label}} 1`);
  expect(counted).toContain(`tradewind_backend_image_seconds_bucket{le="0.025",${label}} 2`);
});

test("a face of tensors has no times of images", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched({ takesImages: false, task: undefined, precision: undefined }));
  telemetry.succeeded({ ...key, cost, totalMs: 13 });
  expect(await lines("tradewind_backend_image_seconds")).toEqual([]);
  expect(await lines("tradewind_backend_model_info")).toEqual([
    'tradewind_backend_model_info{model="digits",version="1",task="",precision="",execution_provider="cpu"} 1',
  ]);
});

test("a request of very many images costs no more counting than one of sixty-four", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched());
  telemetry.succeeded({ ...key, cost: { ...cost, items: 1e9 }, totalMs: 13 });
  expect(await lines('tradewind_backend_image_seconds_count{model="digits",part="queue"}')).toEqual([
    'tradewind_backend_image_seconds_count{model="digits",part="queue"} 64',
  ]);
});

test("requests are counted by outcome, those for models that are not here under no name", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched());
  telemetry.succeeded({ ...key, cost, totalMs: 1 });
  telemetry.failed({ ...key, code: "image_undecodable", totalMs: 1 });
  for (let name = 0; name < 100; name += 1) {
    telemetry.failed({ model: `m${name}`, version: "1", code: "model_unknown", totalMs: 1 });
    telemetry.succeeded({ model: `m${name}`, version: "1", cost, totalMs: 1 });
  }
  telemetry.failed({ code: "model_unknown", totalMs: 1 });
  expect(await lines("tradewind_backend_requests_total")).toEqual([
    'tradewind_backend_requests_total{model="digits",code="ok"} 1',
    'tradewind_backend_requests_total{model="digits",code="image_undecodable"} 1',
    'tradewind_backend_requests_total{model="",code="model_unknown"} 101',
  ]);
});

test("a model's labels live as long as the model, and through its replacement", async () => {
  const { metrics, telemetry, lines } = open();
  const first = telemetry.register(watched());
  telemetry.succeeded({ ...key, cost, totalMs: 1 });
  telemetry.failed({ ...key, code: "internal", totalMs: 1 });
  const second = telemetry.register(watched({ executionProvider: "cuda", pending: () => 7 }));
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  telemetry.succeeded({ ...key, cost, totalMs: 1 });
  expect(await lines("nv_inference_request_success{")).toEqual([expect.stringMatching(/ 2$/)]);
  expect(await lines("nv_inference_pending")).toEqual([expect.stringMatching(/ 7$/)]);
  expect(await lines("tradewind_backend_model_info{")).toEqual([expect.stringContaining('"cuda"')]);
  second[Symbol.dispose]();
  expect(await metrics.metrics()).not.toContain("digits");
});

test("a model's histograms stay while another version of it is served", async () => {
  const { telemetry, lines } = open();
  const one = telemetry.register(watched());
  telemetry.register(watched({ version: "2" }));
  telemetry.succeeded({ ...key, cost, totalMs: 1 });
  one[Symbol.dispose]();
  telemetry.succeeded({ ...key, version: "2", cost, totalMs: 1 });
  expect(await lines('tradewind_backend_request_seconds_count{model="digits",outcome="ok"}')).toEqual([
    expect.stringMatching(/ 2$/),
  ]);
  expect(await lines("nv_inference_count")).toEqual(['nv_inference_count{model="digits",version="2"} 2']);
});

test("workers that died and those that were recycled are counted apart", async () => {
  const { telemetry, lines } = open();
  telemetry.register(watched());
  telemetry.workerReplaced({ ...key, why: "died" });
  telemetry.workerReplaced({ ...key, why: "recycled" });
  telemetry.workerReplaced({ ...key, why: "recycled" });
  telemetry.workerReplaced({ model: "x", version: "1", why: "died" });
  expect(await lines("tradewind_backend_workers_replaced_total")).toEqual([
    'tradewind_backend_workers_replaced_total{model="digits",version="1",why="died"} 1',
    'tradewind_backend_workers_replaced_total{model="digits",version="1",why="recycled"} 2',
  ]);
});

test("a count that cannot be kept harms no answer and is told aside", () => {
  const { telemetry } = open();
  telemetry.register(watched());
  const told: string[] = [];
  const stop = sideConcernSkipped.subscribe(({ what }) => void told.push(what));
  telemetry.succeeded({ ...key, cost: { ...cost, batch: Number.NaN }, totalMs: 1 });
  telemetry.failed({ ...key, code: "internal", totalMs: Number.NaN });
  stop();
  expect(told).toEqual(["backend metrics", "backend metrics"]);
});

test.each<[ErrorCode, string]>([
  ["backend_full", "REJECTED"],
  ["queue_timeout", "REJECTED"],
  ["deadline_exceeded", "REJECTED"],
  ["caller_left", "CANCELED"],
  ["internal", "BACKEND"],
  ["backend_failed", "BACKEND"],
  ["backend_unreachable", "BACKEND"],
  ["image_undecodable", "OTHER"],
  ["draining", "OTHER"],
])("a failure of code %s counts as %s", (code, reason) => {
  expect(failureReason(code)).toBe(reason);
});

test("every error code has one of Triton's four reasons", () => {
  const reasons = Object.keys(catalogue)
    .filter(isErrorCode)
    .map((code) => failureReason(code));
  expect(new Set(reasons)).toEqual(new Set(["REJECTED", "CANCELED", "BACKEND", "OTHER"]));
});

test("ten thousand requests are recorded in a fraction of a second", () => {
  const { telemetry } = open();
  telemetry.register(watched());
  const request = { ...key, cost: { ...cost, items: 1 }, totalMs: 13 };
  const startedAt = performance.now();
  for (let count = 0; count < 10_000; count += 1) telemetry.succeeded(request);
  expect(performance.now() - startedAt).toBeLessThan(500);
});
