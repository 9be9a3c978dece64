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

/** Pieces of a length, with numbers in them that tell where they belong. */
function piecesOf(lengths: readonly number[]): Buffer[] {
  let next = 0;
  return lengths.map((length) => {
    const piece = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) piece[at] = (next + at) % 251;
    next += length;
    return piece;
  });
}

const large = { maxBytes: 10_000_000, timeoutMs: 1_000 };

test.each([
  ["in the pieces of a network", Array(40).fill(16_384), 655_360],
  ["with a large first piece", [200_000, 1, 99_999], 300_000],
  ["that is a little over 64 KB", [65_536, 1], 65_537],
  ["that is longer than it said", [70_000, 70_000, 70_000], 100_000],
  ["that is shorter than it said", [70_000, 70_000], 1_000_000],
])("a large body %s comes back whole", async (_, lengths, declared) => {
  const pieces = piecesOf(lengths);
  const body = await readStream(Readable.from(pieces), String(declared), large);
  expect(body.equals(Buffer.concat(pieces))).toBe(true);
});

test("a large body of a known length is never held twice", async () => {
  const pieces = piecesOf(Array(8).fill(65_536));
  const source = new PassThrough();
  const reading = readStream(source, String(8 * 65_536), large);
  for (const piece of pieces) {
    source.emit("data", piece);
    // What was copied may be another's again, as a socket's buffer may.
    piece.fill(0);
  }
  source.emit("end");
  const body = await reading;
  expect(body.equals(Buffer.concat(piecesOf(Array(8).fill(65_536))))).toBe(true);
});

test("a body that only says that it is large holds no more than what arrived of it", async () => {
  const source = new PassThrough();
  const before = process.memoryUsage().arrayBuffers;
  const reading = readStream(source, "9000000", large);
  source.emit("data", Buffer.alloc(1_000));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
  source.emit("close");
  await expect(reading).rejects.toMatchObject({ code: "body_incomplete" });
});

test("a length that is no number is not counted on", async () => {
  const pieces = piecesOf([80_000, 80_000]);
  for (const length of ["x", "1e9", "-5", "160000.5", ""]) {
    const body = await readStream(Readable.from(pieces), length, { ...large, maxBytes: 2_000_000_000 });
    expect(body.equals(Buffer.concat(pieces))).toBe(true);
  }
});
