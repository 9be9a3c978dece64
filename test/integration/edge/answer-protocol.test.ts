import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { continueTraceContext, createTraceIds } from "#infra/runtime/trace-context.ts";
import { demoFolder, demoModel, type LocalEdge, openLocalEdge } from "#test/support/edge-answering.ts";

const image = readFileSync(join(demoFolder, "samples/01-320x320.jpg"));
const { signal } = new AbortController();

let edge: LocalEdge;
beforeAll(async () => {
  edge = await openLocalEdge(["digits-n"]);
});
afterAll(() => edge[Symbol.asyncDispose]());

const ask = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(edge.url + path, init);
  const text = await response.text();
  return {
    status: response.status,
    by: response.headers.get("x-tradewind-answered-by"),
    body: text === "" ? undefined : JSON.parse(text),
  };
};

const post = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

test("a client of the protocol finds the device's models and has an image looked at", async () => {
  await using client = createOpenInferenceClient({ url: edge.url });
  const model = await client.describe("digits-n", { signal });
  expect(model).toMatchObject({ name: "digits-n", version: "1", task: "detect" });
  const trace = continueTraceContext(
    { traceparent: undefined, tracestate: undefined },
    createTraceIds(systemChance),
  );
  const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };
  const found = await client.detect({ model, image, options, trace, signal });
  expect(found.detections.length).toBeGreaterThan(0);
});

test.each([
  "/v2",
  "/v2/health/live",
  "/v2/health/ready",
  "/v2/models",
  "/v2/models/digits-n",
  "/v2/models/digits-n/ready",
  "/v2/models/digits-n/config",
  "/v2/models/digits-n/stats",
  "/v2/models/digits-n-tensor",
])("the device answers GET %s by the backend's own server", async (path) => {
  expect(await ask(path)).toMatchObject({ status: 200, by: "edge" });
});

test("graph's own tensors are computed as they are", async () => {
  const { body } = await ask("/v2/models/digits-n-tensor");
  const [input] = body.inputs as { name: string; shape: number[] }[];
  const shape = [1, 3, 320, 320];
  const inputs = [{ name: input?.name, datatype: "FP32", shape, data: new Array(3 * 320 * 320).fill(0.5) }];
  const answer = await ask("/v2/models/digits-n/infer", post({ inputs }));
  expect(answer).toMatchObject({ status: 200, by: "edge" });
});

test("the protocol's index tells what runs, and loading by request is refused", async () => {
  const { body } = await ask("/v2/repository/index", post({}));
  expect(body).toContainEqual({ name: "digits-n", version: "1", state: "READY" });
  for (const deed of ["load", "unload"])
    expect(await ask(`/v2/repository/models/digits-n/${deed}`, post({}))).toMatchObject({ status: 400 });
});

test("what the protocol does not find it says in its own words", async () => {
  const unknown = await ask("/v2/models/digits-x/infer", post({ inputs: [] }));
  expect(unknown).toMatchObject({
    status: 404,
    body: { error: expect.stringContaining("digits-x") },
    by: "edge",
  });
  const version = await ask("/v2/models/digits-n/versions/9");
  expect(version).toMatchObject({ status: 404, body: { error: expect.any(String) } });
});

test("images of both APIs are in the statistics, and are told to whoever watches the model", async () => {
  const told: string[] = [];
  using _ = edge.answering.running.onAnswer(({ model, release, failed }) =>
    told.push(`${model} ${release} ${failed}`),
  );
  const count = async (): Promise<number> =>
    (await ask("/v2/models/digits-n/stats")).body.model_stats[0].inference_count;
  const before = await count();
  await ask("/v1/models/digits-n/detect", { method: "POST", body: new Uint8Array(image) });
  const parameters = { content_type: "base64" };
  const data = [image.toString("base64")];
  const inputs = [{ name: "image", shape: [1], datatype: "BYTES", parameters, data }];
  expect(await ask("/v2/models/digits-n/infer", post({ inputs }))).toMatchObject({ status: 200 });
  expect(await count()).toBe(before + 2);
  expect(told).toEqual(["digits-n 1 false", "digits-n 1 false"]);
});

test("the protocol has the model that was turned to, and none that was dropped", async () => {
  const { running } = edge.answering;
  await running.turnTo(demoModel("digits-n", { name: "other", release: 4 }), { signal });
  expect((await ask("/v2/models/other")).body.versions).toEqual(["4"]);
  await running.drop("other");
  expect(await ask("/v2/models/other")).toMatchObject({ status: 404 });
});
