import { expect, test } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { describedModel, inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { freePort } from "#test/support/free-port.ts";

const model = {
  name: "digits-s",
  version: "2",
  task: "detect",
  names: ["zero", "one"],
  precision: "fp32",
  input: { width: 320, height: 320 },
} as const;
const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };
const image = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const noHurry = (): AbortSignal => AbortSignal.timeout(5_000);

type Infer = NonNullable<Parameters<typeof startFakeBackend>[0]>["infer"];

async function failureOf(infer: NonNullable<Infer>, signal = noHurry()): Promise<TradewindError> {
  await using backend = await startFakeBackend({ infer });
  await using client = createOpenInferenceClient({ url: backend.url });
  const failure: unknown = await client
    .detect({ model, image, options, signal })
    .catch((error: unknown) => error);
  if (failure instanceof TradewindError) return failure;
  throw new Error("expected a failure from the catalogue", { cause: failure });
}

test("a backend's description becomes the model at its latest version", async () => {
  await using backend = await startFakeBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  expect(await client.describe("digits-s", { signal: noHurry() })).toEqual(model);
});

test("an answer becomes named detections in pixels", async () => {
  await using backend = await startFakeBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  const answer = await client.detect({ model, image, options, signal: noHurry() });
  expect(answer).toEqual({
    image: { width: 640, height: 480 },
    detections: [{ name: "one", class: 1, score: 0.876543, box: { x1: 10.04, y1: 20, x2: 30, y2: 40 } }],
    timings: { queue: 0.5, preprocess: 2, inference: 10, postprocess: 0.25 },
  });
});

test("the image goes out behind its length, after a head whose size is declared", async () => {
  let body = Buffer.alloc(0);
  const backend = await startFakeBackend();
  await using _ = backend;
  const { createServer } = await import("node:http");
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    body = Buffer.concat(chunks);
    const head = Number(request.headers["inference-header-content-length"]);
    expect(request.url).toBe("/base/v2/models/digits-s/versions/2/infer");
    expect(JSON.parse(body.subarray(0, head).toString())).toEqual({
      inputs: [{ name: "image", shape: [1], datatype: "BYTES", parameters: { binary_data_size: 8 } }],
      parameters: { conf: 0.25, iou: 0.7, max_detections: 300 },
    });
    expect(body.subarray(head)).toEqual(Buffer.from([4, 0, 0, 0, 0xff, 0xd8, 0xff, 0xe0]));
    json(200, inferAnswer)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  await using client = createOpenInferenceClient({ url: `http://127.0.0.1:${port}/base/` });
  await client.detect({ model, image, options, signal: noHurry() });
  expect(body.byteLength).toBeGreaterThan(8);
  server.closeAllConnections();
  server.close();
});

test("our backend's word about the image reaches the caller as it was said", async () => {
  const answer = json(422, { error: "the image ends too early" }, { "tradewind-error": "image_undecodable" });
  expect(await failureOf(answer)).toMatchObject({
    code: "image_undecodable",
    message: "the image ends too early",
  });
});

test.each([
  [400, "request_rejected"],
  [413, "request_rejected"],
  [404, "backend_failed"],
  [429, "backend_full"],
  [503, "backend_full"],
  [500, "backend_failed"],
] as const)("a stranger's status %d becomes %s, and its words stay inside", async (status, code) => {
  const failure = await failureOf(json(status, { error: "secret stack trace" }));
  expect(failure.code).toBe(code);
  expect(failure.message).not.toContain("secret");
});

test.each(["model_unknown", "made_up", "internal"])(
  "a backend cannot make %s a caller's fault",
  async (named) => {
    expect((await failureOf(json(500, { error: "x" }, { "tradewind-error": named }))).code).toBe(
      "backend_failed",
    );
  },
);

test.each([
  ["no JSON", (_: unknown, response: { end: (text: string) => void }) => response.end("<html>")],
  ["an answer without sizes", json(200, { ...inferAnswer, outputs: [] })],
  [
    "fewer boxes than it counts",
    json(200, { ...inferAnswer, outputs: inferAnswer.outputs.filter(({ name }) => name !== "boxes") }),
  ],
  ["something else altogether", json(200, { hello: "world" })],
] as const)("%s is an invalid answer", async (_, answer) => {
  expect((await failureOf(answer as never)).code).toBe("backend_answer_invalid");
});

const changed = (name: string, data: readonly number[]) =>
  json(200, {
    ...inferAnswer,
    outputs: inferAnswer.outputs.map((output) => (output.name === name ? { ...output, data } : output)),
  });

test.each([
  ["a count beyond all reason", changed("counts", [1e12])],
  ["a negative count", changed("counts", [-1])],
  ["an image without a size", changed("sizes", [0, 480])],
  ["a class that the model does not have", changed("classes", [2])],
  ["a negative class", changed("classes", [-1])],
  ["a score above one", changed("scores", [7])],
])("%s is an invalid answer, which another backend may better", async (_, answer) => {
  expect(await failureOf(answer)).toMatchObject({
    code: "backend_answer_invalid",
    kind: { retryable: true },
  });
});

test("a box beyond the image is cut at its edge", async () => {
  await using backend = await startFakeBackend({ infer: changed("boxes", [-5, 1e300, 700, 1e308]) });
  await using client = createOpenInferenceClient({ url: backend.url });
  const { detections } = await client.detect({ model, image, options, signal: noHurry() });
  expect(detections[0]?.box).toEqual({ x1: 0, y1: 480, x2: 640, y2: 480 });
});

test("a backend that is busy with images still answers a question about its model", async () => {
  await using backend = await startFakeBackend({ infer: () => {} });
  await using client = createOpenInferenceClient({ url: backend.url, connections: 2 });
  const leave = new AbortController();
  const waiting = [1, 2, 3, 4].map(() =>
    client.detect({ model, image, options, signal: leave.signal }).catch(() => "left"),
  );
  expect(await client.describe("digits-s", { signal: AbortSignal.timeout(2_000) })).toEqual(model);
  leave.abort();
  await Promise.all(waiting);
});

test("an answer without end is cut off", async () => {
  const failure = await failureOf((_, response) => {
    const pour = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      response.once("drain", pour);
    };
    pour();
  });
  expect(failure.code).toBe("backend_answer_invalid");
});

test("a description that cannot be understood is an invalid answer", async () => {
  await using backend = await startFakeBackend({
    describe: json(200, { ...describedModel, parameters: {} }),
  });
  await using client = createOpenInferenceClient({ url: backend.url });
  await expect(client.describe("digits-s", { signal: noHurry() })).rejects.toMatchObject({
    code: "backend_answer_invalid",
  });
});

test("a model that a backend does not have is told apart from a backend that fails", async () => {
  await using backend = await startFakeBackend({ describe: json(404, { error: "secret stack trace" }) });
  await using client = createOpenInferenceClient({ url: backend.url });
  await expect(client.describe("digits-s", { signal: noHurry() })).rejects.toMatchObject({
    code: "model_unknown",
    message: "the backend does not have this model",
  });
});

test("nobody there is told apart from somebody who hung up", async () => {
  await using client = createOpenInferenceClient({ url: `http://127.0.0.1:${await freePort()}` });
  await expect(client.describe("digits-s", { signal: noHurry() })).rejects.toMatchObject({
    code: "backend_unreachable",
  });
  expect((await failureOf((request) => request.socket.destroy())).code).toBe("backend_failed");
});

test("whoever gives up is told why they gave up", async () => {
  const reason = new TradewindError("caller_left", "gone");
  const giveUp = new AbortController();
  expect(await failureOf(() => giveUp.abort(reason), giveUp.signal)).toBe(reason);
  expect((await failureOf(() => {}, AbortSignal.timeout(50))).code).toBe("deadline_exceeded");
});
