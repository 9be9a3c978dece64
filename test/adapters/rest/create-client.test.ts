import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { createRestClient } from "#adapters/rest/create-client.ts";
import { restSettings } from "#adapters/rest/settings.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { noHurry, options } from "#test/support/ask-backend.ts";
import { plain } from "#test/support/exif-images.ts";
import { freePort } from "#test/support/free-port.ts";

const answer = { list: "found", score: "score", class: "class", box: "box" };
const found = { found: [{ score: 0.9, class: 1, box: [1, 2, 30, 20] }] };

/** A client of a server that answers so. */
async function clientOf(listener: RequestListener, more: object = {}) {
  const server = createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const rest = restSettings.parse({ path: "/predict", names: ["cat", "dog"], answer, ...more });
  const url = `http://127.0.0.1:${port}/team/`;
  const client = createRestClient({ url, rest, chance: systemChance, maxAnswerBytes: 100_000 });
  onTestFinished(async () => {
    await client.close();
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const says =
  (status: number, body: unknown, headers = {}): RequestListener =>
  (request, response) => {
    request.resume().on("end", () => response.writeHead(status, headers).end(JSON.stringify(body)));
  };

const model = {
  name: "pets",
  version: "1",
  task: "detect",
  names: ["cat", "dog"],
  precision: "fp32",
  input: { width: 65_535, height: 65_535 },
} as const;

const call = (signal = noHurry()) => ({ model, image: plain.jpeg, options, signal });

const failureOf = async (asked: Promise<unknown>): Promise<TradewindError> => {
  const failure = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof TradewindError) return failure;
  throw new Error("expected a failure from the catalogue", { cause: failure });
};

test("an image goes to the team's own path, and what it found comes back in pixels", async () => {
  const heard: unknown[] = [];
  const client = await clientOf(async (request, response) => {
    const { method, url, headers } = request;
    heard.push({ method, url, type: headers["content-type"], trace: headers.traceparent });
    heard.push(await buffer(request));
    response.end(JSON.stringify(found));
  });
  const ids = { traceId: "a".repeat(32), spanId: "b".repeat(16), parentSpanId: undefined };
  const trace = { ...ids, sampled: true, random: true, tracestate: undefined };
  const parts = [plain.jpeg.subarray(0, 10), plain.jpeg.subarray(10)];
  const seen = await client.detect({ ...call(), image: parts, trace });
  expect(seen).toEqual({
    image: { width: 48, height: 32 },
    detections: [{ name: "dog", class: 1, score: 0.9, box: { x1: 1, y1: 2, x2: 30, y2: 20 } }],
    timings: { queue: 0, preprocess: 0, inference: 0, postprocess: 0 },
  });
  expect(heard[0]).toMatchObject({ method: "POST", url: "/team/predict", type: "image/jpeg" });
  expect(heard[0]).toMatchObject({ trace: expect.stringContaining("a".repeat(32)) });
  expect(heard[1]).toEqual(plain.jpeg);
});

test("what it is comes from the configuration, once its server says that it is ready", async () => {
  const asked: unknown[] = [];
  const listener: RequestListener = (request, response) => {
    asked.push([request.method, request.url]);
    says(200, {})(request, response);
  };
  const ready = await clientOf(listener, { health: "/ready", version: "7", precision: "int8" });
  expect(await ready.describe("pets", { signal: noHurry() })).toEqual({
    ...model,
    version: "7",
    versions: ["7"],
    precision: "int8",
    imagesOnly: true,
  });
  const older = ready.describe("pets", { version: "6", signal: noHurry() });
  expect((await failureOf(older)).code).toBe("model_unknown");
  const other = await clientOf(listener, { input: { width: 640, height: 320 } });
  expect((await other.describe("pets", { version: "1", signal: noHurry() })).input).toEqual({
    width: 640,
    height: 320,
  });
  expect(asked).toEqual([
    ["GET", "/team/ready"],
    ["GET", "/team/ready"],
    ["HEAD", "/team/"],
  ]);
});

test("without a path for its health, any answer of a server means that it is there", async () => {
  const client = await clientOf(says(500, {}));
  expect((await client.describe("pets", { signal: noHurry() })).name).toBe("pets");
});

test.each([
  [503, "backend_full"],
  [500, "backend_failed"],
  [404, "backend_failed"],
  [422, "backend_failed"],
])("a server whose health says %i is not ready", async (status, code) => {
  const client = await clientOf(says(status, {}), { health: "/ready" });
  expect((await failureOf(client.describe("pets", { signal: noHurry() }))).code).toBe(code);
});

test("a server that is not there is not ready either", async () => {
  const rest = restSettings.parse({ path: "/predict", names: ["cat"], answer });
  const url = `http://127.0.0.1:${await freePort()}`;
  await using client = createRestClient({ url, rest, chance: systemChance });
  const failure = await failureOf(client.describe("pets", { signal: noHurry() }));
  expect(failure.code).toBe("backend_unreachable");
});

test.each([
  [400, "request_rejected"],
  [413, "request_rejected"],
  [415, "request_rejected"],
  [422, "request_rejected"],
  [429, "backend_full"],
  [503, "backend_full"],
  [500, "backend_failed"],
  [404, "backend_failed"],
  [401, "backend_failed"],
  [302, "backend_failed"],
  [204, "backend_failed"],
])("status %i is %s in our words", async (status, code) => {
  const said = { error: "of somebody else" };
  const client = await clientOf(says(status, said, { "tradewind-error": "image_undecodable" }));
  const failure = await failureOf(client.detect(call()));
  expect(failure.code).toBe(code);
  expect(failure.message).not.toContain("somebody else");
});

test("a full server says when to come again", async () => {
  const client = await clientOf(says(429, {}, { "retry-after": "7" }));
  expect((await failureOf(client.detect(call()))).retryAfterMs).toBe(7_000);
});

test.each([
  ["no JSON", (response: Parameters<RequestListener>[1]) => response.end("<html>")],
  ["too much", (response: Parameters<RequestListener>[1]) => response.end(Buffer.alloc(100_001, 32))],
  [
    "too much in pieces",
    (response: Parameters<RequestListener>[1]) => {
      for (let piece = 0; piece < 11; piece += 1) response.write(Buffer.alloc(10_000, 32));
      response.end();
    },
  ],
  [
    "an announcement of too much",
    (response: Parameters<RequestListener>[1]) =>
      response.writeHead(200, { "content-length": "99999999" }).write("{"),
  ],
])("an answer with %s is no answer", async (_, answers) => {
  const client = await clientOf((request, response) => {
    request.resume().on("end", () => answers(response));
  });
  expect((await failureOf(client.detect(call()))).code).toBe("backend_answer_invalid");
});

test("an answer that breaks off is its server's failure", async () => {
  const client = await clientOf((request, response) => {
    request.resume().on("end", () => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setImmediate(() => response.destroy());
    });
  });
  expect((await failureOf(client.detect(call()))).code).toBe("backend_failed");
});

test("a server that is silent is left when the caller's time is over", async () => {
  const client = await clientOf((request) => request.resume());
  const reason = new TradewindError("deadline_exceeded", "too late");
  const asked = new AbortController();
  const detecting = failureOf(client.detect(call(asked.signal)));
  asked.abort(reason);
  expect(await detecting).toBe(reason);
});

test("it has no room for the protocol's own requests, which is nobody's fault and may be another's chance", async () => {
  const client = await clientOf(says(200, {}));
  const pass = { method: "GET", path: "/v2/models/pets", headers: {}, body: undefined } as const;
  const failure = await failureOf(client.pass({ ...pass, signal: noHurry(), maxBytes: 1_000 }));
  expect(failure.code).toBe("backend_none");
  expect(failure.kind).toMatchObject({ retryable: true, blame: "us" });
});

test("what an image cannot be is told before anybody is asked", async () => {
  const client = await clientOf(says(200, found));
  const text = { ...call(), image: Buffer.from("GIF89a") };
  expect((await failureOf(client.detect(text))).code).toBe("image_type_unsupported");
});
