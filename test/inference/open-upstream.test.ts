import sharp from "sharp";
import { expect, test, vi } from "vitest";
import { noBatching } from "#inference/engine/batching.ts";
import { type ModelSettings, plainSettings } from "#inference/models/model-settings.ts";
import { describeUpstream } from "#inference/models/upstream.ts";
import { type OpenUpstreamOptions, openUpstreamModel } from "#inference/open-upstream.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import {
  type Fault,
  startFakeTensorServer,
  type TensorServerOptions,
} from "#test/support/fake-tensor-server.ts";

const { signal } = new AbortController();

type Setup = Partial<Omit<OpenUpstreamOptions, "settings">> & {
  readonly server?: TensorServerOptions;
  readonly settings?: Partial<ModelSettings>;
  readonly fault?: Fault;
};

async function open({ server = {}, settings = {}, fault, ...options }: Setup = {}) {
  const stack = new AsyncDisposableStack();
  const upstream = stack.use(await startFakeTensorServer(server));
  try {
    const { url } = upstream;
    const described = { models: ["colours"], clock: systemClock, signal, patienceMs: 0 };
    const [model] = (await describeUpstream(url, described)).models;
    if (!model) throw new Error("there is no model");
    upstream.fault = fault;
    const opening = {
      url,
      workers: 8,
      clock: systemClock,
      signal,
      settings: { ...plainSettings, ...settings },
    };
    const opened = stack.use(await openUpstreamModel(model, { ...opening, ...options }));
    return { upstream, opened, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function refusal(setup: Setup): Promise<TradewindError> {
  const error: unknown = await open(setup).catch((thrown: unknown) => thrown);
  if (error instanceof TradewindError) return error;
  throw new Error("expected a refusal", { cause: error });
}

const odd: TensorServerOptions = {
  instead: (path) =>
    path.endsWith("/versions/2")
      ? {
          body: {
            versions: ["2"],
            inputs: [{ name: "x", datatype: "FP32", shape: [-1, 5] }],
            outputs: [{ name: "y", datatype: "FP32", shape: [-1] }],
          },
        }
      : undefined,
};

test("a model that another server computes reads images here", async () => {
  await using setup = await open();
  const { opened, upstream } = setup;
  expect(opened).toMatchObject({
    ...{ name: "colours", version: "2", instances: 8, ready: true, waiting: 0 },
    placement: { executionProvider: "remote", passedOver: [] },
    info: { task: "detect", names: ["red", "green", "blue"], input: { width: 64, height: 64 } },
    faces: { image: { name: "colours" }, tensor: { name: "colours-tensor", maxBatchSize: 8 } },
  });
  expect(await opened.recycle()).toBe(0);
  // One run tries the model; whoever has it warms it.
  expect(upstream.inferred.map(({ rows }) => rows)).toEqual([1]);
  const create = { width: 64, height: 64, channels: 3, background: "#0000ff" } as const;
  const image = await sharp({ create }).png().toBuffer();
  const options = { conf: 0.5, iou: 0.7, maxDetections: 10 };
  const answer = await opened.detect?.(image, { options, signal });
  const box = { x1: 16, y1: 16, x2: 48, y2: 48 };
  expect(answer?.detections).toMatchObject([{ name: "blue", class: 2, box }]);
});

test("an upstream that takes batches gets each run as it comes, several at once", async () => {
  await using setup = await open({ workers: 3 });
  const { opened, upstream } = setup;
  expect(opened.settings.batching).toEqual({ ...noBatching, preferredBatchSizes: [] });
  upstream.fault = "held";
  const before = upstream.inferred.length;
  const image = await sharp({ create: { width: 64, height: 64, channels: 3, background: "#0000ff" } })
    .png()
    .toBuffer();
  const options = { conf: 0.5, iou: 0.7, maxDetections: 10 };
  const answers = [1, 2, 3, 4].map(() => opened.detect?.(image, { options, signal }));
  await vi.waitFor(() => expect(upstream.inferred).toHaveLength(before + 3), { interval: 5 });
  await vi.waitFor(() => expect(opened.waiting).toBe(1), { interval: 5 });
  upstream.fault = undefined;
  for (const _ of answers) upstream.letGo();
  await Promise.all(answers);
  expect(upstream.inferred.slice(before).map(({ rows }) => rows)).toEqual([1, 1, 1, 1]);
});

test("batches that the owner asks for are no larger than the upstream takes", async () => {
  const batching = { ...noBatching, maxBatchSize: 64, preferredBatchSizes: [4, 32] };
  const settings = { maxBatchSize: 64, batching, instances: 2 };
  await using smaller = await open({ settings, server: { maxBatchSize: 8 } });
  expect(smaller.opened).toMatchObject({
    instances: 2,
    settings: { maxBatchSize: 8, batching: { maxBatchSize: 8, preferredBatchSizes: [4] } },
    faces: { tensor: { maxBatchSize: 8 } },
  });
  const names = ["r", "g", "b"];
  await using silent = await open({ settings: { ...settings, names }, server: { habit: "kserve" } });
  expect(silent.opened.settings).toMatchObject({ maxBatchSize: 64, batching });
});

test("the providers that the owner of a model elsewhere names are passed over, and that is told", async () => {
  await using setup = await open({ settings: { executionProviders: ["cuda"] } });
  expect(setup.opened.placement).toEqual({
    executionProvider: "remote",
    passedOver: [{ provider: "cuda", reason: "an upstream server computes the model" }],
  });
});

test("warm-ups that the owner wrote down run once", async () => {
  const warmUp = [{ name: "four", batchSize: 4, count: 1, inputs: {} }];
  await using setup = await open({ settings: { maxBatchSize: 8, warmUp } });
  expect(setup.upstream.inferred.map(({ rows }) => rows)).toEqual([1, 4]);
});

test("a model elsewhere that no head reads is served as tensors, untried, whatever it says it is for", async () => {
  await using setup = await open({ server: odd });
  const { opened, upstream } = setup;
  expect(opened).toMatchObject({
    info: undefined,
    unreadable: expect.stringContaining("the input has 2 dimensions"),
    faces: { image: undefined, tensor: { name: "colours", inputs: [{ name: "x", shape: [-1, 5] }] } },
  });
  expect(upstream.inferred).toEqual([]);
});

test("where nobody tells the classes of a model elsewhere and its outputs do not either, its tensors are served", async () => {
  await using setup = await open({ server: { metadata: "" } });
  expect(setup.opened).toMatchObject({
    info: undefined,
    unreadable: "output 'output0' came out as [1, 7, 4], expected [1, 4 + classes, anchors]",
    faces: { image: undefined, tensor: { name: "colours" } },
  });
});

test.each([
  [
    "has outputs that are not what its owner says",
    { server: { metadata: "" }, settings: { task: "detect" } },
    "model_unusable",
  ],
  ["reads no images where only such are wanted", { server: odd, imagesOnly: true }, "model_unusable"],
  ["has another task than its owner says", { settings: { task: "pose" } }, "model_unusable"],
  ["is full when it is tried", { fault: "full" }, "backend_full"],
  ["fails when it is tried", { fault: "broken" }, "backend_failed"],
  ["answers with other tensors than it announced", { fault: "wrong-shape" }, "backend_answer_invalid"],
] satisfies [string, Setup, string][])("an upstream's model that %s is refused", async (_, setup, code) => {
  const error = await refusal(setup);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/\(model colours of http:\/\/127\.0\.0\.1:\d+\)$/);
  expect(error.message).not.toContain("secret");
});
