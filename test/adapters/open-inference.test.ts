import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test, vi } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import type { DetectOptions } from "#inference/contract.ts";
import { described, failureOf, image, model, noHurry, options } from "#test/support/ask-backend.ts";
import { describedModel, inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";
import { freePort } from "#test/support/free-port.ts";

test("a backend's description becomes the model at its latest version", async () => {
  await using backend = await startFakeBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  expect(await client.describe("digits-s", { signal: noHurry() })).toEqual(described);
});

test("a backend is asked for the version that is named, and that one is described", async () => {
  await using backend = await startFakeBackend();
  await using client = createOpenInferenceClient({ url: backend.url });
  const found = await client.describe("digits-s", { version: "1", signal: noHurry() });
  expect(found).toEqual({ ...described, version: "1" });
  expect(backend.requests[0]?.url).toBe("/v2/models/digits-s/versions/1");
});

test.each(["detect", "segment", "pose", "obb", "classify"])("a model may %s", async (task) => {
  const parameters = { ...describedModel.parameters, task, ...(task === "pose" ? { keypoints: 17 } : {}) };
  await using backend = await startFakeBackend({ describe: json(200, { ...describedModel, parameters }) });
  await using client = createOpenInferenceClient({ url: backend.url });
  const { versions: _, ...found } = await client.describe("digits-s", { signal: noHurry() });
  expect(found).toEqual({ ...model, task, ...(task === "pose" ? { keypoints: 17 } : {}) });
});

type Received = { readonly url: string | undefined; readonly head: unknown; readonly tail: Buffer };

/** What a backend receives of one image. */
async function receivedOf(
  sent: Uint8Array | readonly Uint8Array[],
  wanted: DetectOptions = options,
  base = "",
): Promise<Received> {
  const received = Promise.withResolvers<Received>();
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const head = Number(request.headers["inference-header-content-length"]);
    expect(request.headers["content-length"]).toBe(`${body.byteLength}`);
    const [json_, tail] = [body.subarray(0, head), body.subarray(head)];
    received.resolve({ url: request.url, head: JSON.parse(json_.toString()), tail });
    json(200, inferAnswer)(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  await using client = createOpenInferenceClient({ url: `http://127.0.0.1:${port}${base}` });
  await client.detect({ model, image: sent, options: wanted, signal: noHurry() });
  server.closeAllConnections();
  server.close();
  return await received.promise;
}

test("the image goes out behind its length, after a head whose size is declared", async () => {
  expect(await receivedOf(image, options, "/base/")).toEqual({
    url: "/base/v2/models/digits-s/versions/2/infer",
    head: {
      inputs: [{ name: "image", shape: [1], datatype: "BYTES", parameters: { binary_data_size: 8 } }],
      parameters: { conf: 0.25, iou: 0.7, max_detections: 300, binary_data_output: true },
    },
    tail: Buffer.from([4, 0, 0, 0, 0xff, 0xd8, 0xff, 0xe0]),
  });
});

test.each([8, 16_000, 16_384, 100_000, 1_000_003])(
  "an image of %d bytes arrives whole, in whatever pieces it is handed over",
  async (size) => {
    const whole = Buffer.alloc(size).map((_, place) => place % 251);
    const pieces = [whole.subarray(0, 3), whole.subarray(3, 3), whole.subarray(3)];
    for (const sent of [whole, pieces]) {
      const { tail } = await receivedOf(sent);
      expect(tail.readUInt32LE(0)).toBe(size);
      expect(tail.subarray(4).equals(whole)).toBe(true);
    }
  },
);

test("what a caller says of overlap and labels is passed on, and else nothing", async () => {
  const { head } = await receivedOf(image, { ...options, conf: 1e-7, agnostic: true, multiLabel: false });
  expect(head).toMatchObject({ parameters: { conf: 1e-7, agnostic: true, multi_label: false } });
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

test.each(["model_unknown", "made_up", "internal", "key_invalid", "rate_limited", "caller_left"])(
  "a backend cannot make %s a caller's fault",
  async (named) => {
    expect((await failureOf(json(500, { error: "x" }, { "tradewind-error": named }))).code).toBe(
      "backend_failed",
    );
  },
);

test("a backend that is busy with images still answers a question about its model", async () => {
  await using backend = await startFakeBackend({ infer: () => {} });
  await using client = createOpenInferenceClient({ url: backend.url, connections: 2 });
  const leave = new AbortController();
  const waiting = [1, 2, 3, 4].map(() =>
    client.detect({ model, image, options, signal: leave.signal }).catch(() => "left"),
  );
  expect(await client.describe("digits-s", { signal: AbortSignal.timeout(2_000) })).toEqual(described);
  leave.abort();
  await Promise.all(waiting);
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

test("a request is passed on as it is, and its refusal is an answer", async () => {
  const said = { error: "no" };
  await using backend = await startFakeBackend({
    infer: json(422, said, { "tradewind-error": "parameter_invalid" }),
  });
  await using client = createOpenInferenceClient({ url: `${backend.url}/base` });
  const call = { signal: noHurry(), maxBytes: 1_000 } as const;
  const path = "/v2/models/digits-s/infer?a=1&a=2&b=x+y";
  const headers = { "content-encoding": "gzip", "inference-header-content-length": "256" };
  const refused = await client.pass({ ...call, method: "POST", path, headers, body: image });
  expect(refused).toMatchObject({ status: 422, headers: { "tradewind-error": "parameter_invalid" } });
  expect(JSON.parse(refused.body.toString())).toEqual(said);
  expect(backend.requests[0]).toMatchObject({ url: `/base${path}`, headers });
  const asked = await client.pass({ ...call, method: "GET", path: "/v2", headers: {}, body: undefined });
  expect(JSON.parse(asked.body.toString())).toEqual(describedModel);
  const little = client.pass({
    ...call,
    method: "GET",
    path: "/v2",
    headers: {},
    body: undefined,
    maxBytes: 10,
  });
  await expect(little).rejects.toMatchObject({ code: "backend_answer_invalid" });
});

test("a question that is passed on waits behind no image, and holds up nobody who asks whether the backend lives", async () => {
  const waiting: (() => void)[] = [];
  await using backend = await startFakeBackend({
    infer: (_, response) => void waiting.push(() => response.end("{}")),
    describe: (request, response) => {
      if (request.url === "/slow") waiting.push(() => response.end("{}"));
      else json(200, describedModel)(request, response);
    },
  });
  await using client = createOpenInferenceClient({ url: backend.url, connections: 1 });
  const call = { headers: {}, body: undefined, signal: noHurry(), maxBytes: 1_000 } as const;
  const images = client.pass({ ...call, method: "POST", path: "/infer" });
  const question = { ...call, method: "GET", isQuestion: true } as const;
  expect((await client.pass({ ...question, path: "/quick" })).status).toBe(200);
  const slow = Array.from({ length: 9 }, () => client.pass({ ...question, path: "/slow" }));
  await vi.waitFor(() => expect(waiting).toHaveLength(5));
  expect((await client.describe("digits-s", { signal: noHurry() })).name).toBe("digits-s");
  const answering = setInterval(() => waiting.shift()?.(), 1);
  await Promise.all([images, ...slow]);
  clearInterval(answering);
});

test("a closed client fails what comes later, and may be closed twice", async () => {
  await using backend = await startFakeBackend();
  const client = createOpenInferenceClient({ url: backend.url });
  await client.detect({ model, image, options, signal: noHurry() });
  await client.close();
  await client.close();
  const late = client.detect({ model, image, options, signal: noHurry() });
  await expect(late).rejects.toMatchObject({ code: "backend_failed" });
});
