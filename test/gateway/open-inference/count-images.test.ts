import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { countImages } from "#gateway/open-inference/count-images.ts";
import { seededRandom } from "#test/support/random.ts";

const images = (count: unknown, more: object = {}) => ({
  name: "image",
  shape: [count],
  datatype: "BYTES",
  ...more,
});
const tensor = { name: "images", shape: [8, 3, 64, 64], datatype: "FP32" };

function count(request: unknown, { tail = "", encoding }: { tail?: string; encoding?: string } = {}): number {
  const head = Buffer.from(JSON.stringify(request));
  const whole = Buffer.concat([head, Buffer.from(tail)]);
  const pack = encoding === "gzip" ? gzipSync : encoding === "deflate" ? deflateSync : undefined;
  const headLength = tail === "" ? undefined : `${head.byteLength}`;
  return countImages({ body: pack ? pack(whole) : whole, headLength, encoding });
}

const long = "x".repeat(100_000);

test.each([
  ["one image", { inputs: [images(1)] }, 1],
  ["many images", { inputs: [images(7)] }, 7],
  ["images behind another input", { inputs: [tensor, images(3)] }, 3],
  ["a tensor, however many items it has", { inputs: [tensor] }, 1],
  ["texts in a table", { inputs: [images(1, { shape: [4, 4] })] }, 1],
  ["a shape that is none", { inputs: [images("16"), images(-3), images(1.5), { shape: 3 }, null] }, 1],
  ["no inputs", { inputs: [] }, 1],
  ["no request", 7, 1],
  ["more than anybody takes", { inputs: [images(1e12)] }, 1_000],
])("%s counts as what it is", (_, request, expected) => {
  expect(count(request)).toBe(expected);
  expect(count(request, { tail: long })).toBe(expected);
  for (const encoding of ["gzip", "deflate"]) {
    expect(count(request, { encoding })).toBe(expected);
    expect(count(request, { encoding, tail: long })).toBe(expected);
  }
});

test.each([
  ["before its data", { id: "a", inputs: [images(2, { data: [long, long] })] }, 2],
  ["of a tensor", { model_name: "m", inputs: [{ ...tensor, data: [long] }] }, 1],
  ["of a table of texts", { inputs: [images(1, { shape: [2, 2], data: [long] })] }, 1],
])("of a long request in JSON the shape is read where every client writes it: %s", (_, request, expected) => {
  expect(count(request)).toBe(expected);
});

test.each([
  ["data before the shape", { inputs: [{ data: [long], ...images(2) }] }],
  ["something long before the inputs", { parameters: { note: long }, inputs: [images(2)] }],
  [
    "a shape among parameters as well",
    { inputs: [{ parameters: { shape: [1] }, ...images(9), data: [long] }] },
  ],
  ["no type in sight", { inputs: [{ shape: [1], data: [long] }] }],
  ["a list", [long]],
])("a long request that hides how many images it has counts as the most: %s", (_, request) => {
  expect(count(request)).toBe(16);
});

test.each([
  ["no JSON", "{", undefined, undefined],
  ["a head of no length", "{}", "many", undefined],
  ["a head that is longer than the body", '{"inputs":[]', "50", undefined],
  ["packed bytes that are none", "{}", undefined, "gzip"],
])("what cannot be read counts as the most: %s", (_, text, headLength, encoding) => {
  expect(countImages({ body: Buffer.from(text), headLength, encoding })).toBe(16);
});

test("a body that is one image and nothing else counts as one", () => {
  expect(countImages({ body: Buffer.from([0xff, 0xd8]), headLength: "0", encoding: undefined })).toBe(1);
});

test("of a packed body only the first bytes are unpacked to be counted", () => {
  const random = seededRandom(3);
  const id = Array.from({ length: 2_000 }, () => random.bits().toString(36)).join("");
  expect(count({ id, inputs: [images(3)] })).toBe(3);
  expect(count({ id, inputs: [images(3)] }, { encoding: "gzip" })).toBe(16);
});

test("whatever bytes come, the count is from one to a thousand", () => {
  const random = seededRandom(7);
  const text = JSON.stringify({ inputs: [images(3, { data: [long] })] });
  for (let round = 0; round < 300; round += 1) {
    const body = Buffer.from(text.slice(0, random.integer(1, round % 2 === 0 ? 200 : text.length)));
    for (let change = 0; change < 3; change += 1)
      body[random.integer(0, Math.min(99, body.length - 1))] = random.integer(0, 255);
    const headLength = random.chance(0.5) ? `${random.integer(0, 200)}` : undefined;
    const encoding = random.chance(0.3) ? "gzip" : undefined;
    const counted = countImages({ body, headLength, encoding });
    expect(Number.isInteger(counted) && counted >= 1 && counted <= 1_000).toBe(true);
  }
});
