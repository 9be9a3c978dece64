import { beforeAll, expect, test } from "vitest";
import type { Target, WrongRequest } from "../soak/wrong-input/compose.ts";
import { goodImages } from "../soak/wrong-input/images.ts";
import { judgeAnswer } from "../soak/wrong-input/judge-answer.ts";
import { wrongRequest } from "../soak/wrong-input/requests.ts";
import type { Answer } from "../soak/wrong-input/send.ts";

let target: Target;

beforeAll(async () => {
  const images = await goodImages(1);
  target = { host: "127.0.0.1:8080", path: "/v1/models/digits-s/detect", key: "tw_good", images };
});

test("the same seed and place make the same wrong request, another place makes another", () => {
  expect(wrongRequest(target, { seed: 3, index: 5 })).toEqual(wrongRequest(target, { seed: 3, index: 5 }));
  const bytes = [0, 1, 2, 3, 4].map((index) =>
    Buffer.concat(wrongRequest(target, { seed: 3, index }).bytes).toString("base64"),
  );
  expect(new Set(bytes).size).toBe(5);
});

test("two hundred wrong requests try every kind of mutation", () => {
  const kinds = Array.from({ length: 200 }, (_, index) => wrongRequest(target, { seed: 7, index }).kind);
  expect(new Set(kinds).size).toBe(28);
});

test("no wrong request that may not pass is a good request by accident", () => {
  const good = (request: WrongRequest) => {
    const text = Buffer.concat(request.bytes).toString("latin1");
    const wellKnown =
      text.startsWith(`POST ${target.path} HTTP/1.1`) && text.includes(`Bearer ${target.key}\r\n`);
    return wellKnown && text.endsWith(target.images.jpeg.toString("latin1"));
  };
  const accidents = Array.from({ length: 500 }, (_, index) =>
    wrongRequest(target, { seed: 1, index }),
  ).filter((request) => !request.mayPass && !request.unframed && good(request));
  expect(accidents.map(({ kind }) => kind)).toEqual([]);
});

test("an undocumented five hundred is a finding, a busy gateway is not", () => {
  expect(judgeAnswer(wrong(), problem(500, "internal"))).toContain("status 500");
  expect(judgeAnswer(wrong(), problem(502, "backend_failed"))).toContain("status 502");
  expect(judgeAnswer(wrong(), problem(503, "backend_none"))).toContain("status 503");
  expect(judgeAnswer(wrong(), problem(503, "overloaded"))).toBeUndefined();
});

test("a refusal counts only with a code of the catalogue that owns the status", () => {
  expect(judgeAnswer(wrong(), problem(422, "image_undecodable"))).toBeUndefined();
  expect(judgeAnswer(wrong(), problem(400, "image_undecodable"))).toContain("does not belong");
  expect(judgeAnswer(wrong(), problem(422, "no_such_code"))).toContain("unknown code");
  expect(judgeAnswer(wrong(), { ...problem(422, "image_undecodable"), type: "text/html" })).toContain(
    "without a",
  );
});

test("wrong input that is let through is a finding unless it may decode", () => {
  const passed: Answer = { outcome: "answered", status: 200, type: "application/json", body: "{}" };
  expect(judgeAnswer(wrong(), passed)).toContain("let through");
  expect(judgeAnswer(wrong({ mayPass: true }), passed)).toBeUndefined();
});

test("silence is right only for bytes that are no whole request", () => {
  expect(judgeAnswer(wrong(), { outcome: "closed" })).toContain("closed");
  expect(judgeAnswer(wrong({ unframed: true }), { outcome: "closed" })).toBeUndefined();
  expect(judgeAnswer(wrong({ unframed: true }), { outcome: "hung" })).toContain("neither");
  expect(judgeAnswer(wrong({ unframed: true }), { outcome: "refused" })).toContain("no longer");
});

test("an error of the tensor protocol is judged by its own shape", () => {
  const error: Answer = {
    outcome: "answered",
    status: 400,
    type: "application/json",
    body: '{"error":"no inputs"}',
  };
  expect(judgeAnswer(wrong(), error)).toBeUndefined();
  expect(judgeAnswer(wrong(), { ...error, status: 500 })).toContain("status 500");
});

function wrong(parts: Partial<WrongRequest> = {}): WrongRequest {
  return { kind: "planted", bytes: [], leaves: false, mayPass: false, unframed: false, ...parts };
}

function problem(status: number, code: string): Extract<Answer, { outcome: "answered" }> {
  const body = JSON.stringify({ status, code, detail: "a sentence" });
  return { outcome: "answered", status, type: "application/problem+json", body };
}
