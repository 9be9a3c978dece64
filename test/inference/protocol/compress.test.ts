import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from "node:zlib";
import { expect, test } from "vitest";
import { chooseEncoding, compress, decompress } from "#inference/protocol/compress.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { seededRandom } from "#test/support/random.ts";

const text = Buffer.from("tensor ".repeat(1_000));
const limit = { maxBytes: 1_048_576 };

async function failure(body: Buffer, encoding: string, maxBytes = limit.maxBytes): Promise<string> {
  const [outcome] = await Promise.allSettled([decompress(body, encoding, { maxBytes })]);
  if (outcome.status === "fulfilled") return "nothing was refused";
  const { reason } = outcome;
  return reason instanceof TradewindError ? `${reason.code}: ${reason.message}` : `unforeseen: ${reason}`;
}

test.each([
  ["gzip", gzipSync(text)],
  ["GZip", gzipSync(text)],
  ["x-gzip", gzipSync(text)],
  ["deflate", deflateSync(text)],
  [" deflate ", deflateSync(text)],
  ["identity", text],
  ["", text],
  [undefined, text],
])("a body with Content-Encoding %j is expanded", async (encoding, body) => {
  expect(await decompress(body, encoding, limit)).toEqual(text);
});

test.each(["br", "zstd", "gzip, deflate", "gzip,gzip", "compress", "constructor", "x".repeat(5_000)])(
  "Content-Encoding %j is not supported",
  async (encoding) => {
    expect(await failure(brotliCompressSync(text), encoding)).toBe(
      `encoding_unsupported: Content-Encoding '${encoding.slice(0, 40)}' is not supported, only one of gzip and deflate`,
    );
  },
);

test.each([
  ["gzip", "no gzip at all", text],
  ["gzip", "cut off", gzipSync(text).subarray(0, 30)],
  ["gzip", "with a wrong checksum", Buffer.concat([gzipSync(text).subarray(0, -8), Buffer.alloc(8)])],
  ["gzip", "empty", Buffer.alloc(0)],
  ["deflate", "raw, without the stream's frame", deflateRawSync(text)],
  ["deflate", "gzip", gzipSync(text)],
  ["deflate", "cut off", deflateSync(text).subarray(0, 20)],
])("a %s body that is %s is refused", async (encoding, _, body) => {
  expect(await failure(body, encoding)).toBe(
    `request_malformed: the body is not what Content-Encoding says, ${encoding}`,
  );
});

test.each([
  ["gzip", gzipSync(Buffer.alloc(5_000_000))],
  ["deflate", deflateSync(Buffer.alloc(5_000_000))],
  ["gzip", Buffer.concat(Array.from({ length: 5 }, () => gzipSync(Buffer.alloc(900_000))))],
])("a %s bomb of a few kilobytes is not expanded beyond the limit", async (encoding, bomb) => {
  expect(bomb.byteLength).toBeLessThan(10_000);
  expect(await failure(bomb, encoding)).toBe(
    "body_too_large: the body is larger than the 1048576 bytes allowed here once it is decompressed",
  );
});

test("a body that expands to exactly the limit passes", async () => {
  expect(await decompress(gzipSync(text), "gzip", { maxBytes: text.byteLength })).toEqual(text);
  expect(await failure(gzipSync(text), "gzip", text.byteLength - 1)).toContain("body_too_large: ");
});

test.each([
  [undefined, undefined],
  ["", undefined],
  ["gzip", "gzip"],
  ["deflate", "deflate"],
  ["GZIP", "gzip"],
  ["br", undefined],
  ["br, zstd", undefined],
  ["br, gzip", "gzip"],
  ["gzip, deflate", undefined],
  ["gzip, deflate, br", undefined],
  ["gzip, deflate, br, zstd", undefined],
  ["*", undefined],
  ["gzip;q=0", undefined],
  ["gzip;q=0, deflate", "deflate"],
  ["gzip;q=0.5, deflate;q=0.8", "deflate"],
  ["gzip; q=0.8 , deflate; q=0.5", "gzip"],
  ["gzip, deflate;q=0.5", "gzip"],
  ["identity, gzip;q=0.5", undefined],
  ["identity;q=0.5, gzip", "gzip"],
  ["identity;q=0, gzip, deflate", "gzip"],
  ["identity;q=0, *", "gzip"],
  ["*;q=0, deflate", "deflate"],
  ["*;q=0", undefined],
  ["gzip;q=nonsense", undefined],
  ["gzip;q=2", undefined],
  [";;;,,,q=1", undefined],
  [`${"x,".repeat(5_000)}gzip`, undefined],
])("Accept-Encoding %j is answered with %s", (header, encoding) => {
  expect(chooseEncoding(header)).toBe(encoding);
});

test("an answer is compressed as its client asked", async () => {
  const gzipped = await compress(text, "gzip");
  const deflated = await compress(text, "deflate");
  expect([gzipped.encoding, gunzipSync(gzipped.body)]).toEqual(["gzip", text]);
  expect([deflated.encoding, inflateSync(deflated.body)]).toEqual(["deflate", text]);
});

test("what is small, cannot shrink or was not asked for stays as it is", async () => {
  const small = Buffer.alloc(1_023);
  const random = seededRandom(5);
  const dense = Buffer.from(Array.from({ length: 3_000 }, () => random.bits() & 255));
  expect(await compress(small, "gzip")).toEqual({ body: small, encoding: undefined });
  expect(await compress(text, undefined)).toEqual({ body: text, encoding: undefined });
  expect(await compress(dense, "deflate")).toEqual({ body: dense, encoding: undefined });
});
