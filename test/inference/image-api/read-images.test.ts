import { expect, test } from "vitest";
import { readImages } from "#inference/image-api/read-images.ts";
import type { ImageItem } from "#inference/image-api/received-body.ts";
import { multipartBody, multipartType } from "#test/support/multipart.ts";

const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 1, 2, 3]);

const shown = (items: readonly ImageItem[]) =>
  items.map((item) => ("url" in item ? item.url : Buffer.from(item.bytes).toString("latin1")));

const image = { filename: "a.jpg", type: "image/jpeg" };

test.each([
  undefined,
  "",
  "image/jpeg",
  "image/png",
  "IMAGE/WEBP",
  "image/jpg; charset=binary",
  "application/octet-stream",
  "binary/octet-stream",
  "application/x-www-form-urlencoded",
  "image/png; nonsense",
])("a body of content type %s is one image, and not copied", (contentType) => {
  const { items, several, fields } = readImages(jpeg, contentType);
  expect(items).toEqual([{ bytes: jpeg }]);
  expect(items[0]).toHaveProperty("bytes", jpeg);
  expect([several, fields]).toEqual([false, {}]);
});

test.each([
  "text/plain",
  "video/mp4",
  "application/xml",
  "multipart/mixed; boundary=X",
  "application/json-seq",
])("content type %s is refused as no kind of image", (contentType) => {
  expect(() => readImages(jpeg, contentType)).toThrow(
    expect.objectContaining({ code: "image_type_unsupported" }),
  );
});

test.each(["image/jpeg", "application/json", multipartType()])(
  "an empty body of %s is called empty",
  (type) => {
    expect(() => readImages(Buffer.alloc(0), type)).toThrow(expect.objectContaining({ code: "body_empty" }));
  },
);

test("a form's images come in order, and its text fields are parameters", () => {
  const body = multipartBody([
    { name: "conf", bytes: "0.5" },
    { name: "image", ...image, bytes: "one" },
    { name: "classes", bytes: "cat" },
    { name: "file", ...image, bytes: "two" },
    { name: "classes", bytes: "dog" },
    { name: "__proto__", bytes: "x" },
  ]);
  const { items, several, fields } = readImages(body, multipartType());
  expect(shown(items)).toEqual(["one", "two"]);
  expect(several).toBe(true);
  expect(Object.entries(fields)).toEqual([
    ["conf", ["0.5"]],
    ["classes", ["cat", "dog"]],
    ["__proto__", ["x"]],
  ]);
});

test.each([
  ["image", 1, false],
  ["file", 1, false],
  ["images", 1, true],
  ["images[]", 1, true],
  ["image", 2, true],
])("a form with field %s %i times is a list: %s", (name, count, several) => {
  const parts = Array.from({ length: count }, () => ({ name, ...image, bytes: jpeg }));
  expect(readImages(multipartBody(parts), multipartType()).several).toBe(several);
});

test.each([
  [
    "17 images",
    Array.from({ length: 17 }, () => ({ name: "images", ...image, bytes: jpeg })),
    "images_too_many",
  ],
  ["no image", [{ name: "conf", bytes: "0.5" }], "body_empty"],
  ["a file of another name", [{ name: "photo", ...image, bytes: jpeg }], "parameter_invalid"],
  ["a field without end", [{ name: "conf", bytes: "1".repeat(16_385) }], "parameter_invalid"],
])("a form with %s is refused", (_, parts, code) => {
  expect(() => readImages(multipartBody(parts), multipartType())).toThrow(expect.objectContaining({ code }));
});

test("a file of another name is named in the refusal", () => {
  const body = multipartBody([{ name: "photo", ...image, bytes: jpeg }]);
  expect(() => readImages(body, multipartType())).toThrow(/"photo".*image, images, images\[\], file/);
});

test("what fetch makes of FormData is read", async () => {
  const form = new FormData();
  form.append("images", new Blob([jpeg], { type: "image/jpeg" }), 'a "quoted" name.jpg');
  form.append("images", new Blob([Buffer.from("second")]));
  form.append("conf", "0.5");
  const request = new Request("http://127.0.0.1/", { method: "POST", body: form });
  const type = request.headers.get("content-type") ?? "";
  const { items, fields } = readImages(Buffer.from(await request.arrayBuffer()), type);
  expect([shown(items), { ...fields }]).toEqual([[jpeg.toString("latin1"), "second"], { conf: ["0.5"] }]);
});

/** As captured from each client: the order and spelling of headers is theirs. */
test.each([
  [
    "Python's requests",
    "multipart/form-data; boundary=9f27e2fb1b9c7d6e0f6be0a3e4a7ac13",
    [
      '--9f27e2fb1b9c7d6e0f6be0a3e4a7ac13\r\nContent-Disposition: form-data; name="conf"\r\n\r\n0.5\r\n',
      '--9f27e2fb1b9c7d6e0f6be0a3e4a7ac13\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\nJPEG\r\n',
      "--9f27e2fb1b9c7d6e0f6be0a3e4a7ac13--\r\n",
    ],
  ],
  [
    "curl -F",
    "multipart/form-data; boundary=------------------------d74496d66958873e",
    [
      '--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name="conf"\r\n\r\n0.5\r\n',
      '--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\nJPEG\r\n',
      "--------------------------d74496d66958873e--\r\n",
    ],
  ],
  [
    "Python's email package",
    'multipart/form-data; boundary="===============8234652132=="',
    [
      '--===============8234652132==\r\nContent-Type: text/plain; charset="us-ascii"\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 7bit\r\nContent-Disposition: form-data; name="conf"\r\n\r\n0.5\r\n',
      "--===============8234652132==\r\nContent-Disposition: form-data; name=image; filename*=utf-8''b%C3%BCcher.jpg\r\n\r\nJPEG\r\n",
      "--===============8234652132==--\r\n",
    ],
  ],
])("the form of %s is read", (_, type, lines) => {
  const { items, fields } = readImages(Buffer.from(lines.join("")), type);
  expect([shown(items), { ...fields }]).toEqual([["JPEG"], { conf: ["0.5"] }]);
});

const json = (value: unknown) =>
  readImages(
    Buffer.from(typeof value === "string" ? value : JSON.stringify(value)),
    "application/json; charset=utf-8",
  );

const base64 = jpeg.toString("base64");

test.each([
  ["base64", { image: base64 }, [jpeg.toString("latin1")], false],
  ["base64 as a member", { image: { base64 } }, [jpeg.toString("latin1")], false],
  ["base64 for URLs", { image: Buffer.from([0xfb, 0xff]).toString("base64url") }, ["\xfb\xff"], false],
  ["a data URL", { image: `data:image/jpeg;base64,${base64}` }, [jpeg.toString("latin1")], false],
  [
    "a data URL with a name",
    { image: `data:image/jpeg;name=a.jpg;base64,${base64}` },
    [jpeg.toString("latin1")],
    false,
  ],
  ["a URL", { image: { url: "https://a.example/x" } }, ["https://a.example/x"], false],
  ["a list of one", { images: ["Zm9v"] }, ["foo"], true],
  [
    "a mixed list",
    { images: ["Zm9v", { url: "https://a.example/x" }, { base64: "YmFy" }] },
    ["foo", "https://a.example/x", "bar"],
    true,
  ],
  ["escaped text", '{"image":"\\u005am9v","parameters":{}}', ["foo"], false],
  ["letters beyond ASCII", '{"image":"Zm9v","parameters":{"classes":"grün"}}', ["foo"], false],
  ["blanks around", ' \n{ "image" : "Zm9v" }\r\n', ["foo"], false],
])("JSON with %s is read", (_, body, texts, several) => {
  const received = json(body);
  expect([shown(received.items), received.several]).toEqual([texts, several]);
});

test("JSON's parameters are read as if they stood in the query", () => {
  const parameters = {
    conf: 0.0000001,
    max_detections: 5,
    strict: true,
    classes: ["cat", 7],
    format: "coco",
  };
  expect({ ...json({ image: "Zm9v", parameters }).fields }).toEqual({
    conf: ["0.00000010000000000000"],
    max_detections: ["5"],
    strict: ["true"],
    classes: ["cat", "7"],
    format: ["coco"],
  });
});

const quotes = '"a":"\\"\\"\\""';

test.each([
  ["no JSON", "{image:1}", "request_malformed"],
  ["cut JSON", '{"image":"Zm9v', "request_malformed"],
  ["a list on top", "[]", "request_malformed"],
  ["null", "null", "request_malformed"],
  ["text", '"Zm9v"', "request_malformed"],
  ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "request_malformed"],
  ["no image", { parameters: {} }, "body_empty"],
  ["an empty list", { images: [] }, "body_empty"],
  ["image and images", { image: "Zm9v", images: ["Zm9v"] }, "request_malformed"],
  ["images that are no list", { images: "Zm9v" }, "request_malformed"],
  ["another member", { image: "Zm9v", conf: 0.5 }, "request_malformed"],
  ["an image that is a number", { image: 5 }, "request_malformed"],
  ["an image that is null", { image: null }, "request_malformed"],
  ["an image that is a list", { image: ["Zm9v"] }, "request_malformed"],
  ["an image with both", { image: { base64: "Zm9v", url: "https://a.example" } }, "request_malformed"],
  ["an image with neither", { image: {} }, "request_malformed"],
  ["an image with more", { image: { base64: "Zm9v", path: "/etc/passwd" } }, "request_malformed"],
  ["a URL that is a number", { image: { url: 5 } }, "request_malformed"],
  ["17 images", { images: Array.from({ length: 17 }, () => "Zm9v") }, "images_too_many"],
  ["garbage for base64", { image: "Zm9v!" }, "parameter_invalid"],
  ["an empty image", { image: "" }, "parameter_invalid"],
  ["an empty data URL", { image: "data:image/png;base64," }, "parameter_invalid"],
  ["a data URL without base64", { image: "data:image/png,abc" }, "parameter_invalid"],
  ["a URL where base64 belongs", { image: "https://a.example/x" }, "parameter_invalid"],
  ["parameters that are a list", { image: "Zm9v", parameters: [] }, "request_malformed"],
  ["a parameter that is null", { image: "Zm9v", parameters: { conf: null } }, "parameter_invalid"],
  ["a parameter that is an object", { image: "Zm9v", parameters: { conf: {} } }, "parameter_invalid"],
  [
    "a parameter that is a list of lists",
    { image: "Zm9v", parameters: { classes: [[]] } },
    "parameter_invalid",
  ],
  [
    "a parameter with thousands of values",
    { image: "Zm9v", parameters: { classes: Array(1_025).fill(1) } },
    "parameter_invalid",
  ],
  [
    "a hundred thousand numbers",
    `{"image":"Zm9v","parameters":{"classes":[${"1,".repeat(100_000)}1]}}`,
    "request_malformed",
  ],
  ["a million brackets", "[".repeat(1_000_000), "request_malformed"],
  ["a million blanks", " ".repeat(1_000_000), "request_malformed"],
  ["a million small strings", `[${'"",'.repeat(300_000)}""]`, "request_malformed"],
  ["a million escaped quotes", `{"image":"${'\\"'.repeat(500_000)}"}`, "request_malformed"],
])("JSON with %s is refused", (_, body, code) => {
  const reading = () => (Buffer.isBuffer(body) ? readImages(body, "application/json") : json(body));
  expect(reading).toThrow(expect.objectContaining({ code }));
});

test("only what lies outside of strings counts as such, however their quotes are escaped", () => {
  const long = "a".repeat(70_000);
  const inside = (start: string) => `{"image":"Zm9v","parameters":{"classes":"${start}${long}"}}`;
  const outside = (text: string) =>
    `{"image":"Zm9v","parameters":{"classes":"${text}"${" ".repeat(70_000)}}}`;
  for (const start of ["", '\\"', '\\\\\\"']) {
    expect(json(inside(start)).fields.classes).toEqual([start.replaceAll(/\\(.)/g, "$1") + long]);
  }
  for (const text of ["", "\\\\", '\\"\\\\']) {
    expect(() => json(outside(text))).toThrow(expect.objectContaining({ code: "request_malformed" }));
  }
});

test("backslashes before a quote are told from an escaped quote", () => {
  const body = `{"image":"Zm9v","parameters":{${quotes},"b":"\\\\","c":"x\\\\\\"y"}}`;
  expect({ ...json(body).fields }).toEqual({ a: ['"""'], b: ["\\"], c: ['x\\"y'] });
});
