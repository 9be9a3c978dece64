import { request } from "node:http";
import { PassThrough, Readable } from "node:stream";
import { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { asTradewindError, TradewindError } from "#infra/runtime/errors.ts";
import { type HttpServer, openHttpServer } from "#infra/runtime/http-server.ts";
import { readBody, readStream } from "#infra/runtime/read-body.ts";

const app = new Hono();
app.post("/", async (c) =>
  c.text(String((await readBody(c, { maxBytes: 1_000, timeoutMs: 300 })).byteLength)),
);
app.onError((error, c) => c.text(asTradewindError(error).code, 400));

let server: HttpServer;
beforeAll(async () => {
  server = await openHttpServer({ fetch: app.fetch, host: "127.0.0.1", port: 0 });
});
afterAll(() => server.close());

const post = async (body: Uint8Array | ReadableStream | null): Promise<string> =>
  (
    await fetch(server.url, {
      method: "POST",
      body,
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    })
  ).text();

function streamOf(chunks: readonly Uint8Array[]): ReadableStream {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

test("a body comes back whole, also without a socket", async () => {
  expect(await post(new Uint8Array(1_000))).toBe("1000");
  const inMemory = await app.request("/", { method: "POST", body: new Uint8Array(700) });
  expect(await inMemory.text()).toBe("700");
});

test("a body without a byte is refused as empty", async () => {
  expect(await post(null)).toBe("body_empty");
  expect(await (await app.request("/", { method: "POST" })).text()).toBe("body_empty");
});

test("a declared length over the limit is refused before the body is read", async () => {
  expect(await post(new Uint8Array(1_001))).toBe("body_too_large");
});

test("a chunked body is refused at the byte that passes the limit", async () => {
  expect(await post(streamOf([new Uint8Array(600), new Uint8Array(600)]))).toBe("body_too_large");
});

test("a body that is sent byte by byte is refused before it fills the memory with pieces", async () => {
  const dust = new PassThrough();
  const read = readStream(dust, undefined, { maxBytes: 1_000_000, timeoutMs: 60_000 });
  for (let byte = 0; byte < 70_000; byte += 1) dust.emit("data", Buffer.of(1));
  await expect(read).rejects.toMatchObject({ code: "request_malformed" });
});

test("a large body in the pieces of a network is not taken for dust", async () => {
  const pieces = new PassThrough();
  const read = readStream(pieces, undefined, { maxBytes: 100_000_000, timeoutMs: 60_000 });
  for (let piece = 0; piece < 70_000; piece += 1) pieces.emit("data", Buffer.alloc(1_400));
  pieces.emit("end");
  expect(await read).toHaveLength(98_000_000);
});

test("a body that stops arriving is refused in time, and the connection still carries the refusal", async () => {
  const answer = await new Promise<string>((resolve, reject) => {
    const call = request(server.url, { method: "POST", headers: { "content-length": 500 } }, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    });
    call.on("error", reject);
    call.write("only this");
  });
  expect(answer).toBe("body_too_slow");
});

test("whoever counts the bytes as they arrive may end the reading", async () => {
  const seen: number[] = [];
  const source = Readable.from([Buffer.alloc(3), Buffer.alloc(4), Buffer.alloc(5)]);
  const onBytes = (bytes: number): void => {
    seen.push(bytes);
    if (bytes > 6) throw new TradewindError("overloaded", "no room");
  };
  const reading = readStream(source, undefined, { maxBytes: 100, timeoutMs: 1_000, onBytes });
  await expect(reading).rejects.toMatchObject({ code: "overloaded" });
  expect(seen).toEqual([3, 7]);
});
