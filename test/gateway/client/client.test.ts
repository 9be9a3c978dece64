import { expect, expectTypeOf, test } from "vitest";
import { createClient, type Image } from "#gateway/client/client.ts";
import { answer, startScriptedServer } from "./scripted-server.ts";

const found = { request_id: "R1", detections: [{ name: "one", class: 1, score: 0.9 }] };
const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe0]);

test("the client sends an image as it is and gives the answer with what stood beside it", async () => {
  await using server = await startScriptedServer(
    answer(200, found, {
      "x-request-id": "R1",
      "cache-status": "tradewind; hit; ttl=9",
      ratelimit: '"key";r=1;t=1',
      "ratelimit-policy": '"key";q=2;w=1',
      "server-timing": "total;dur=1",
      "tradewind-decision": "local;tries=1",
      "idempotent-replayed": "true",
    }),
  );
  const client = createClient({ url: `${server.url}/`, key: "tw_k" });
  const { detections, meta } = await client.detect("digits-s", jpeg, {
    conf: 0.000_000_1,
    classes: ["one", "a,b"],
    max_detections: 5,
    deadline: 100,
    strict: true,
    version: "2",
    cacheControl: "no-cache",
  });
  expect(detections).toEqual(found.detections);
  expect(meta).toEqual({
    requestId: "R1",
    cacheStatus: "tradewind; hit; ttl=9",
    rateLimit: '"key";r=1;t=1',
    rateLimitPolicy: '"key";q=2;w=1',
    serverTiming: "total;dur=1",
    decision: "local;tries=1",
    replayed: true,
  });
  const { method, url, headers, body } = server.heard[0] ?? {};
  expect({ method, body }).toEqual({ method: "POST", body: Buffer.from(jpeg) });
  const { pathname, searchParams } = new URL(url ?? "", server.url);
  expect(decodeURIComponent(pathname)).toBe("/v1/models/digits-s@2/detect");
  expect(Object.fromEntries(searchParams)).toEqual({
    conf: "0.00000010000000000000",
    classes: "one,a,b",
    max_detections: "5",
    deadline: "100",
    strict: "true",
  });
  expect(headers).toMatchObject({
    authorization: "Bearer tw_k",
    "content-type": "application/octet-stream",
    "cache-control": "no-cache",
    "idempotency-key": expect.stringMatching(/^[0-9a-f]{32}$/),
  });
});

const images: [string, () => Image][] = [
  ["bytes", () => jpeg],
  ["a part of a larger buffer", () => new Uint8Array([0, ...jpeg, 0]).subarray(1, 5)],
  ["a buffer", () => jpeg.slice().buffer],
  ["a file", () => new Blob([jpeg], { type: "text/plain" })],
  ["another server's answer", () => new Response(jpeg)],
];

test.each(images)("an image may be %s", async (_, image) => {
  await using server = await startScriptedServer(answer(200, found));
  await createClient({ url: server.url }).detect("digits-s", image());
  expect(server.heard[0]?.body).toEqual(Buffer.from(jpeg));
  expect(server.heard[0]?.headers).not.toHaveProperty("authorization");
});

test("an answer that is no image is not sent on", async () => {
  await using server = await startScriptedServer(answer(200, found));
  const missing = new Response("not found", { status: 404 });
  await expect(createClient({ url: server.url }).detect("digits-s", missing)).rejects.toThrow("status 404");
  expect(server.heard).toEqual([]);
});

test("several images go as a form, and one in a list is a list still", async () => {
  await using server = await startScriptedServer(answer(200, { request_id: "R1", images: [found] }));
  const answered = await createClient({ url: server.url }).detect("digits-s", [jpeg]);
  expect(answered.images).toHaveLength(1);
  const { headers, body } = server.heard[0] ?? {};
  const form = await new Response(new Uint8Array(body ?? []), {
    headers: { "content-type": String(headers?.["content-type"]) },
  }).formData();
  const [file] = form.getAll("images") as File[];
  expect(new Uint8Array((await file?.arrayBuffer()) ?? [])).toEqual(jpeg);
});

test("an address goes as JSON, and takes the images beside it along as base64", async () => {
  await using server = await startScriptedServer(answer(200, found));
  const client = createClient({ url: server.url });
  const url = "https://images.example/1.jpg";
  await client.detect("digits-s", { url });
  const large = new Uint8Array(20_000).fill(7);
  await client.detect("digits-s", [{ url }, large]);
  const [one, two] = server.heard.map(({ body }) => JSON.parse(body.toString()));
  expect(one).toEqual({ image: { url } });
  expect(two).toEqual({ images: [{ url }, { base64: Buffer.from(large).toString("base64") }] });
  expect(server.heard.map(({ headers }) => headers["content-type"])).toEqual([
    "application/json",
    "application/json",
  ]);
});

test("each task, the models and the usage have their own paths", async () => {
  await using server = await startScriptedServer(answer(200, {}));
  const client = createClient({ url: server.url });
  await client.detect("m", jpeg);
  await client.segment("m", jpeg);
  await client.pose("m", jpeg);
  await client.obb("m", jpeg);
  await client.classify("m", jpeg, { format: "coco" });
  await client.models();
  await client.usage();
  await client.usage({ month: "2026-11" });
  expect(server.heard.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "POST /v1/models/m/detect",
    "POST /v1/models/m/segment",
    "POST /v1/models/m/pose",
    "POST /v1/models/m/obb",
    "POST /v1/models/m/classify?format=coco",
    "GET /v1/models",
    "GET /v1/usage",
    "GET /v1/usage?month=2026-11",
  ]);
});

test("what is no address is refused before anything is sent", () => {
  expect(() => createClient({ url: "vision.example.com" })).toThrow(/Invalid URL/);
});

test("an answer has the type of its task and format", async () => {
  await using server = await startScriptedServer(answer(200, { ...found, annotations: [], images: [] }));
  const client = createClient({ url: server.url });
  const posed = await client.pose("m", jpeg);
  expectTypeOf(posed.detections[0]?.keypoints).toEqualTypeOf<
    { x: number; y: number; visibility: number }[] | undefined
  >();
  expectTypeOf(posed.detections[0]).not.toHaveProperty("mask");
  const coco = await client.detect("m", jpeg, { format: "coco" });
  expectTypeOf(coco.annotations[0]?.bbox).toEqualTypeOf<[number, number, number, number] | undefined>();
  expectTypeOf(coco).not.toHaveProperty("detections");
  const several = await client.classify("m", [jpeg], { format: "roboflow" });
  expectTypeOf(several.images).toBeArray();
  expect(posed.meta.replayed).toBe(false);
});
