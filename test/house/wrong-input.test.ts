import { beforeAll, expect, test } from "vitest";
import type { Exchange } from "../soak/protocol/exchange.ts";
import type { Answer } from "../soak/protocol/read-answers.ts";
import { canary, type Target, type WrongRequest } from "../soak/wrong-input/compose.ts";
import { detectionsIn, sameDetections } from "../soak/wrong-input/detections.ts";
import { goodImages } from "../soak/wrong-input/images.ts";
import { judgeAnswer } from "../soak/wrong-input/judge-answer.ts";
import { kinds, wrongRequest } from "../soak/wrong-input/requests.ts";

let target: Target;
let some: readonly WrongRequest[];

beforeAll(async () => {
  const images = await goodImages(1);
  const keys = { key: "tw_good", limitedKey: "tw_limited" };
  const places = { host: "127.0.0.1:8080", path: "/v1/models/digits-s/detect", trap: "127.0.0.1:9" };
  target = { ...places, ...keys, images };
  some = Array.from({ length: 800 }, (_, index) => wrongRequest(target, { seed: 7, index }));
});

test("the same seed and place make the same wrong request, another place makes another", () => {
  expect(wrongRequest(target, { seed: 7, index: 5 })).toEqual(some[5]);
  const bytes = some.slice(0, 5).map((request) => Buffer.concat(request.bytes).toString("base64"));
  expect(new Set(bytes).size).toBe(5);
});

test("eight hundred wrong requests try every kind of mutation", () => {
  expect(new Set(some.map(({ kind }) => kind))).toEqual(new Set(kinds));
});

test("no wrong request that may not pass is a good request by accident", () => {
  const accidents = some.filter((request) => !request.mayPass && !request.unframed && looksGood(request));
  expect(accidents.map(({ kind }) => kind)).toEqual([]);
});

function looksGood({ bytes }: WrongRequest): boolean {
  const text = Buffer.concat(bytes).toString("latin1");
  const isKnown =
    text.startsWith(`POST ${target.path} HTTP/1.1`) && text.includes(`Bearer ${target.key}\r\n`);
  return isKnown && text.endsWith(target.images.jpeg.toString("latin1"));
}

test("wrong requests carry the canary that no log may hold", () => {
  const carriers = some.filter(({ bytes }) => bytes.some((piece) => piece.includes(canary)));
  expect(new Set(carriers.map(({ kind }) => kind)).size).toBeGreaterThan(3);
});

test("an undocumented five hundred is a finding, a busy gateway is not", () => {
  expect(judge(wrong(), problem(500, "internal"))).toContain("five hundred, internal");
  expect(judge(wrong(), problem(502, "backend_failed"))).toContain("five hundred");
  expect(judge(wrong(), problem(503, "backend_none"))).toContain("five hundred");
  expect(judge(wrong(), problem(504, "not_cached"))).toContain("five hundred");
  expect(judge(wrong({ allows: ["not_cached"] }), problem(504, "not_cached"))).toBeUndefined();
  expect(judge(wrong(), problem(503, "overloaded"))).toBeUndefined();
});

test("a limit is a finding for whoever has none", () => {
  expect(judge(wrong(), problem(429, "rate_limited"))).toContain("a limit that nobody set");
  expect(judge(wrong({ allows: ["rate_limited"] }), problem(429, "rate_limited"))).toBeUndefined();
  const unsaid = problem(429, "rate_limited", { "retry-after": "" });
  expect(judge(wrong({ allows: ["rate_limited"] }), unsaid)).toContain("when to try again");
});

test("a refusal counts only with a code of the catalogue that owns the status", () => {
  expect(judge(wrong(), problem(422, "image_undecodable"))).toBeUndefined();
  expect(judge(wrong(), problem(400, "image_undecodable"))).toContain("not that of");
  expect(judge(wrong(), problem(422, "no_such_code"))).toContain("unknown code");
  expect(judge(wrong(), answerOf(422, "<html>", { "content-type": "text/html" }))).toContain("form");
});

test("what a library said of itself is a finding, unless the caller said it first", () => {
  const told = problem(422, "parameter_invalid", {}, "TypeError in the value");
  expect(judge(wrong(), told)).toContain("our inside");
  const line = Buffer.from("POST /v1/models/digits-s/detect?a=%54ypeError HTTP/1.1\r\n\r\n");
  expect(judge(wrong({ bytes: [line] }), told)).toBeUndefined();
});

test("wrong input that is let through is a finding unless it may decode", () => {
  expect(judge(wrong(), success("{}"))).toContain("let through");
  expect(judge(wrong({ mayPass: true }), success("{}"))).toBeUndefined();
  expect(judge(wrong({ mayPass: true }), success("{"))).toContain("no JSON");
});

test("a good request that is refused, or told of other boxes, is a finding", () => {
  const isGood = wrong({ mayPass: true, isGood: true });
  const seen = (x1: number) =>
    success(JSON.stringify({ images: [{ detections: [{ name: "a", box: { x1 } }] }] }));
  expect(judge(isGood, problem(422, "image_undecodable"))).toContain("a good request is refused");
  expect(judge(isGood, seen(4.001))).toBeUndefined();
  expect(judge(isGood, seen(5))).toContain("not what is in the good image");
  expect(judge(isGood, success("{}"))).toContain("not what is in the good image");
});

test("a good request in a chain of wrong ones is judged as a good one", () => {
  const chain = wrong({ mayPass: true, requests: 2, goodAt: [1] });
  const both = (...two: readonly Exchange[]): Exchange => {
    const answers = two.flatMap((one) => (one.outcome === "ended" ? one.answers : []));
    return { outcome: "ended", answers, rest: Buffer.alloc(0) };
  };
  const seen = success('{"detections":[{"name":"a","box":{"x1":4}}]}');
  const refused = problem(422, "image_undecodable");
  expect(judge(chain, both(refused, seen))).toBeUndefined();
  expect(judge(chain, both(seen, refused))).toContain("a good request is refused");
  expect(judge(chain, both(seen))).toContain("1 answers to 2");
});

test("silence is right only for bytes that are no whole request", () => {
  const silence: Exchange = { outcome: "ended", answers: [], rest: Buffer.alloc(0) };
  expect(judge(wrong(), silence)).toContain("0 answers to 1");
  expect(judge(wrong({ unframed: true }), silence)).toBeUndefined();
  expect(judge(wrong({ unframed: true }), { outcome: "hung" })).toContain("neither");
  expect(judge(wrong({ unframed: true }), { outcome: "refused" })).toContain("no longer");
  expect(judge(wrong(), { outcome: "ended", answers: [], rest: Buffer.from("HTTP/1.1 2") })).toContain(
    "no whole",
  );
});

test("under /v2 a refusal has the protocol's form, and elsewhere it has not", () => {
  const plainError = (status: number) =>
    answerOf(status, '{"error":"no inputs"}', { "content-type": "application/json" });
  const v2 = wrong({ bytes: [Buffer.from("POST /v2/models/digits-s/infer HTTP/1.1\r\n\r\n")] });
  expect(judge(v2, plainError(400))).toBeUndefined();
  expect(judge(v2, plainError(500))).toContain("five hundred");
  expect(judge(v2, problem(422, "image_undecodable"))).toContain("form of an answer elsewhere");
  expect(judge(wrong(), plainError(400))).toContain("form of an answer elsewhere");
});

test("a key that comes back is a finding, in a header as in a body", () => {
  expect(judge(wrong({ mayPass: true }), success('{"a":"tw_good"}'))).toContain("the key");
  const inHeader = answerOf(200, "{}", { "content-type": "application/json", "x-request-id": "tw_limited" });
  expect(judge(wrong({ mayPass: true }), inHeader)).toContain("the key");
});

test("a failure of ours inside a list of answers is a finding", () => {
  const listed = (code: string, status: number) =>
    success(JSON.stringify({ images: [{ error: { code, status, detail: "a sentence" } }, {}] }));
  const mayPass = wrong({ mayPass: true });
  expect(judge(mayPass, listed("image_undecodable", 422))).toBeUndefined();
  expect(judge(mayPass, listed("image_undecodable", 400))).toContain("not that of");
  expect(judge(mayPass, listed("internal", 500))).toContain("five hundred");
});

test("an answer without an id or a harmless trace is a finding", () => {
  const mayPass = wrong({ mayPass: true });
  const type = { "content-type": "application/json" };
  expect(judge(mayPass, answerOf(200, "{}", { ...type, "x-request-id": "a b" }))).toContain("no request id");
  expect(judge(mayPass, answerOf(200, "{}", { ...type, traceparent: "00-zz" }))).toContain("trace");
});

test("detections are found however deep an answer has them, and compared by value", () => {
  expect(detectionsIn({ images: [{ detections: [1] }, { detections: [] }] })).toEqual([[1], []]);
  expect(sameDetections([{ a: 1 }], [{ a: 1.01 }])).toBe(true);
  expect(sameDetections([{ a: 1 }], [{ a: 1, b: 2 }])).toBe(false);
  expect(sameDetections([{ a: "x" }], [{ a: "y" }])).toBe(false);
});

function wrong(parts: Partial<WrongRequest> = {}): WrongRequest {
  const bytes = [Buffer.from("POST /v1/models/digits-s/detect HTTP/1.1\r\nhost: a\r\n\r\n")];
  const usual = { slow: false, end: "waits", unframed: false, requests: 1 } as const;
  return {
    kind: "planted",
    bytes,
    ...usual,
    mayPass: false,
    isGood: false,
    goodAt: [],
    allows: [],
    ...parts,
  };
}

function judge(request: WrongRequest, exchange: Exchange): string | undefined {
  return judgeAnswer(request, exchange, { sees: [{ name: "a", box: { x1: 4 } }], target });
}

function answerOf(status: number, body: string, headers: Record<string, string>): Exchange {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-00`;
  const usual = { "x-request-id": "r1", traceparent, "retry-after": "1" };
  const all = new Map(Object.entries({ ...usual, ...headers }));
  const answer: Answer = { status, headers: all, body: Buffer.from(body) };
  return { outcome: "ended", answers: [answer], rest: Buffer.alloc(0) };
}

function success(body: string): Exchange {
  return answerOf(200, body, { "content-type": "application/json" });
}

function problem(status: number, code: string, headers = {}, detail = "a sentence"): Exchange {
  const body = JSON.stringify({
    type: `urn:tradewind:error:${code}`,
    title: "a title",
    status,
    code,
    detail,
  });
  return answerOf(status, body, { "content-type": "application/problem+json", ...headers });
}
