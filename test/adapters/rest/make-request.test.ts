import { expect, test } from "vitest";
import { requestMaker } from "#adapters/rest/make-request.ts";
import { restSettings } from "#adapters/rest/settings.ts";

const image = Buffer.from([0xff, 0xd8, 0xff, 0x00, 0xfe]);
const sent = {
  model: "digits s",
  image,
  type: "jpeg",
  options: { conf: 0.25, iou: 0.7, maxDetections: 300 },
};

const make = (more: object) => {
  const answer = { score: "s", class: "c", box: "b" };
  return requestMaker(restSettings.parse({ path: "/predict", names: ["a"], answer, ...more }), "edge")(sent);
};

const textOf = ({ body }: ReturnType<typeof make>): string =>
  Buffer.concat(body instanceof Uint8Array ? [body] : body).toString("latin1");

test("the bytes alone say what they are", () => {
  const { path, headers, body } = make({});
  expect({ path, headers }).toEqual({ path: "/predict", headers: ["content-type", "image/jpeg"] });
  expect(body).toBe(image);
});

test("a form has the fields, then the file, and says how long it is", async () => {
  const made = make({ body: { multipart: "file" }, fields: { task: "detect", limit: 5 } });
  const text = textOf(made);
  expect(made.headers).toEqual([
    "content-type",
    "multipart/form-data; boundary=edge",
    "content-length",
    `${text.length}`,
  ]);
  const body = new Response(Buffer.from(text, "latin1"), {
    headers: { "content-type": made.headers[1] ?? "" },
  });
  const form = await body.formData();
  const file = form.get("file") as File;
  expect([form.get("task"), form.get("limit"), file.name, file.type]).toEqual([
    "detect",
    "5",
    "image.jpeg",
    "image/jpeg",
  ]);
  expect(Buffer.from(await file.arrayBuffer())).toEqual(image);
});

test("JSON has the fields and the image in base64, as it is or as a data URL", () => {
  const json = make({ body: { base64: "image" }, fields: { limit: 5 } });
  expect(json.headers).toEqual(["content-type", "application/json"]);
  expect(JSON.parse(textOf(json))).toEqual({ limit: 5, image: image.toString("base64") });
  const url = make({ body: { base64: "image", dataUrl: true } });
  expect(JSON.parse(textOf(url))).toEqual({ image: `data:image/jpeg;base64,${image.toString("base64")}` });
});

test("options go by the server's own names, behind a query that stands there already", () => {
  const query = { conf: "min score", maxDetections: "top" };
  expect(() => make({ query })).toThrow();
  const named = { conf: "min_score", maxDetections: "top" };
  expect(make({ query: named }).path).toBe("/predict?min_score=0.25&top=300");
  expect(make({ path: "/predict?v=2", query: named }).path).toBe("/predict?v=2&min_score=0.25&top=300");
  expect(make({ query: { iou: "nms" } }).path).toBe("/predict?nms=0.7");
});

test("the model's name may be part of the path, as much of it as a path can hold", () => {
  expect(make({ path: "/{model}/predict?m={model}" }).path).toBe("/digits%20s/predict?m=digits%20s");
});
