import { expect, test } from "vitest";
import { type ExpectedAnswer, readCloudAnswer } from "#edge/answer/cloud-answer.ts";

const one: ExpectedAnswer = { model: "digits", images: undefined, format: "xyxy" };
const answer = { model: "digits", image: { width: 1, height: 1 }, detections: [{ name: "7" }] };

function read(body: unknown, expected: Partial<ExpectedAnswer> = {}, headers: Record<string, string> = {}) {
  const said: Record<string, string> = { "content-type": "application/json; charset=utf-8", ...headers };
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readCloudAnswer({ header: (name) => said[name], body: Buffer.from(text) }, { ...one, ...expected });
}

test("an answer to what was asked is passed on word for word, with what it took", () => {
  expect(read(answer, {}, { "server-timing": "total;dur=1", "set-cookie": "x" })).toEqual({
    headers: { "content-type": "application/json", "server-timing": "total;dur=1" },
    body: JSON.stringify(answer),
  });
});

test.each<readonly [string, unknown, Partial<ExpectedAnswer>]>([
  ["Roboflow's", { ...answer, detections: undefined, predictions: [] }, { format: "roboflow" }],
  ["COCO's", { ...answer, detections: undefined, annotations: [] }, { format: "coco" }],
  ["a list's", { images: [answer, { error: { code: "image_undecodable" } }] }, { images: 2 }],
])("%s answer is known as one", (_, body, expected) => {
  expect(read(body, expected)?.body).toBe(JSON.stringify(body));
});

test.each<readonly [string, unknown, Partial<ExpectedAnswer>]>([
  ["no JSON", "{", {}],
  ["too deep a nesting", "[".repeat(200_000), {}],
  ["a list where one was sent", { images: [answer] }, {}],
  ["one where a list was sent", answer, { images: 1 }],
  ["a list of another length", { images: [answer] }, { images: 2 }],
  ["a list with holes", { images: [null] }, { images: 1 }],
  ["another model", { ...answer, model: "cats" }, {}],
  ["another format", answer, { format: "coco" }],
  ["detections that are none", { ...answer, detections: ["7"] }, {}],
  ["no image", { ...answer, image: undefined }, {}],
  ["null", null, {}],
  ["a list of its own", [answer], {}],
])("what the cloud says is not passed on: %s", (_, body, expected) => {
  expect(read(body, expected)).toBeUndefined();
});

test("HTML is no answer, and a header that is none is left out", () => {
  expect(read(answer, {}, { "content-type": "text/html" })).toBeUndefined();
  for (const timing of ["a\u0000b", "x".repeat(513)])
    expect(read(answer, {}, { "server-timing": timing })?.headers).toEqual({
      "content-type": "application/json",
    });
});
