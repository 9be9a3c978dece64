import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { countImages } from "#gateway/open-inference/count-images.ts";
import { seededRandom } from "#test/support/random.ts";

const images = (count: number, more: object = {}) => ({
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
  ["images in a column, as batches of some servers stand", { inputs: [images(1, { shape: [4, 1] })] }, 4],
  ["texts in a table", { inputs: [images(1, { shape: [4, 4] })] }, 16],
  ["an image without dimensions", { inputs: [images(1, { shape: [] })] }, 1],
  ["no image", { inputs: [images(0)] }, 1],
  ["no inputs", { inputs: [] }, 1],
  ["nothing asked", {}, 1],
  ["more than anybody takes", { inputs: [images(1e11)] }, 1_000],
])("%s counts as what it is", (_, request, expected) => {
  expect(count(request)).toBe(expected);
  expect(count(request, { tail: long })).toBe(expected);
  for (const encoding of ["gzip", "deflate"]) {
    expect(count(request, { encoding })).toBe(expected);
    expect(count(request, { encoding, tail: long })).toBe(expected);
  }
});

test.each([
  ["behind its data", { inputs: [{ data: [long, long], ...images(2) }] }, 2],
  [
    "behind something long",
    { parameters: { note: `${long}\\"`, more: [[{}], null, -1.5e3] }, inputs: [images(2)] },
    2,
  ],
  [
    "beside parameters of the same name",
    { inputs: [{ parameters: { shape: [1] }, ...images(9), data: [long] }] },
    9,
  ],
  ["of the last input", { inputs: [{ ...tensor, data: [[1, 2], [true]] }, images(5, { data: [long] })] }, 5],
  ["of a tensor", { model_name: "m", inputs: [{ ...tensor, data: [long] }] }, 1],
  ["among outputs", { inputs: [images(2, { data: [long] })], outputs: [{ name: "boxes", shape: [9] }] }, 2],
])("a long request is read to its end, and the shape found where it is: %s", (_, request, expected) => {
  expect(count(request)).toBe(expected);
});

const sixteen = '"image","datatype":"BYTES","data":["x"]';

test.each([
  ["a shape that comes again", `{"inputs":[{"shape":[1],"name":${sixteen},"shape":[16]}]}`],
  ["a shape that came before", `{"inputs":[{"shape":[16],"name":${sixteen},"shape":[1]}]}`],
  ["inputs that come again", `{"inputs":[{"shape":[1],"name":${sixteen}}],"inputs":[]}`],
  ["a name with escapes", `{"inputs":[{"shape":[1],"sh\\u0061pe":[16],"name":${sixteen}}]}`],
  ["inputs with escapes", `{"\\u0069nputs":[{"shape":[16],"name":${sixteen}}]}`],
  ["another case", `{"inputs":[{"shape":[1],"Shape":[16],"name":${sixteen}}]}`],
  ["a letter that folds to one of a name", `{"inputs":[{"shape":[1],"\u017fhape":[16],"name":${sixteen}}]}`],
  ["a type with escapes", '{"inputs":[{"shape":[16],"datatype":"\\u0042YTES"}]}'],
  ["a type that is none", '{"inputs":[{"shape":[16],"datatype":"STRING"}]}'],
  ["a type that comes again", '{"inputs":[{"shape":[16],"datatype":"BYTES","datatype":"FP32"}]}'],
  ["no type", '{"inputs":[{"shape":[1],"data":[]}]}'],
  ["no shape", `{"inputs":[{"name":${sixteen}}]}`],
  ["a length in quotes", `{"inputs":[{"shape":["16"],"name":${sixteen}}]}`],
  ["a length with an exponent", `{"inputs":[{"shape":[1e1],"name":${sixteen}}]}`],
  ["a length below none", `{"inputs":[{"shape":[-16],"name":${sixteen}}]}`],
  ["a shape that is no list", `{"inputs":[{"shape":16,"name":${sixteen}}]}`],
  ["a comment", `{"inputs":[/*{"shape":[1],"datatype":"BYTES"}]}*/{"shape":[16],"name":${sixteen}}]}`],
  ["an input that is none", '{"inputs":[null]}'],
  ["inputs that are no list", '{"inputs":{"shape":[1],"datatype":"BYTES"}}'],
  [
    "members without end",
    `{${Array.from({ length: 99 }, (_, at) => `"${"a".repeat(at + 1)}":0,`).join("")}"inputs":[]}`,
  ],
  ["a second request behind the first", `{"inputs":[]}{"inputs":[{"shape":[16],"name":${sixteen}}]}`],
  ["a member without a value", '{"inputs":[],"id":}'],
  ["a text without end", '{"inputs":[],"id":"'],
  ["a long text without end", `{"inputs":[],"id":"${long}`],
  ["a long text that ends in an escape", `{"inputs":[],"id":"${long}\\"`],
  ["a list", "[]"],
  ["another way to write texts", "{\u0000"],
])("a request that others may read in another way counts as the most: %s", (_, text) => {
  expect(countImages({ body: Buffer.from(text), headLength: undefined, encoding: undefined })).toBe(16);
});

test.each([
  ["no JSON", "{", undefined, undefined],
  ["a head of no length", "{}", "many", undefined],
  ["a head of two lengths", "{}", "2, 2", undefined],
  ["a head of an empty length", "{}", "", undefined],
  ["a head of another notation", "{}", "0x2", undefined],
  ["a head that is longer than the body", '{"inputs":[]}', "50", undefined],
  ["packed bytes that are none", "{}", undefined, "gzip"],
  ["a way of packing that nobody knows", "{}", undefined, "br"],
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

test("whatever bytes come, the count is never below what a reader of JSON finds", () => {
  const random = seededRandom(7);
  const text = JSON.stringify({
    id: 'a"\\',
    inputs: [tensor, images(3, { data: ["x", "y"] })],
    outputs: [{}],
  });
  const bits = [
    '"shape":[16],',
    '"inputs":[],',
    '"',
    "\\",
    "\\u0061",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "16",
    " ",
  ];
  let read = 0;
  for (let round = 0; round < 2_000; round += 1) {
    let changed = text;
    for (let change = random.integer(1, 3); change > 0; change -= 1) {
      const at = random.integer(0, changed.length);
      const bit = bits[random.integer(0, bits.length - 1)] ?? "";
      changed = changed.slice(0, at) + bit + changed.slice(at + random.integer(0, 2));
    }
    const counted = countImages({ body: Buffer.from(changed), headLength: undefined, encoding: undefined });
    const found = imagesIn(changed);
    if (found > 0) read += 1;
    expect(counted, changed).toBeGreaterThanOrEqual(Math.min(found, 16));
    expect(counted, changed).toBeLessThanOrEqual(1_000);
  }
  expect(read).toBeGreaterThan(100);
});

function imagesIn(text: string): number {
  try {
    const { inputs } = JSON.parse(text) as { inputs: { datatype: string; shape: number[] }[] };
    const counts = inputs.map(({ datatype, shape }) => (datatype === "BYTES" ? Number(shape[0]) : 1));
    return Math.max(0, ...counts.filter((one) => one > 0));
  } catch {
    return 0;
  }
}

test.each([
  ["of short texts", '"",'],
  ["of escapes", '"\\"",'],
  ["of texts with an escape at their end", `"${"x".repeat(64)}\\"",`],
  ["of numbers", "0.123,"],
  ["of lists", "["],
])("a large request %s is counted in the time that its bytes take", (_, bit) => {
  const size = 4_000_000;
  const text = `{"inputs":[{"shape":[2],"datatype":"BYTES","data":[${bit.repeat(size / bit.length)}`;
  const body = Buffer.from(bit === "[" ? text : `${text}0]}]}`);
  const began = performance.now();
  const counted = countImages({ body, headLength: undefined, encoding: undefined });
  expect(counted).toBe(bit === "[" ? 16 : 2);
  expect(performance.now() - began).toBeLessThan(2_000);
});
