import { expect, test } from "vitest";
import type { Aim } from "../soak/protocol/draft.ts";
import { judgeExchange } from "../soak/protocol/judge-exchange.ts";
import { kinds, mutatedRequest } from "../soak/protocol/mutate.ts";
import { type Answer, readAnswers } from "../soak/protocol/read-answers.ts";
import { protocolSoak } from "../soak/protocol/soak.ts";
import { goodImages } from "../soak/wrong-input/images.ts";

test("two thousand seeded mutations leave the backend up, honest and flat in memory", {
  timeout: 120_000,
}, async ({ signal }) => {
  const { findings, figures } = await protocolSoak.run({ count: protocolSoak.quickCount, seed: 7, signal });
  expect(findings).toEqual([]);
  for (const status of [200, 400, 404, 405, 413, 415, 422]) {
    expect(figures[`status${status}`]).toBeGreaterThan(0);
  }
});

test("the same seed and place mutate alike, and two thousand places try every kind", async () => {
  const aim: Aim = { host: "127.0.0.1:8000", images: await goodImages(1) };
  const made = (index: number) => mutatedRequest(aim, { seed: 7, index });
  expect(made(5)).toEqual(made(5));
  const all = Array.from({ length: 2_000 }, (_, index) => made(index));
  expect(new Set(all.map(({ kind }) => kind))).toEqual(new Set(kinds));
  const texts = all.map(({ bytes }) => Buffer.concat(bytes).toString("base64"));
  expect(new Set(texts).size).toBeGreaterThan(1_700);
});

const request = {
  kind: "odd values",
  bytes: [],
  slow: false,
  end: "waits",
  unframed: false,
  requests: 1,
} as const;

function judged(answer: Partial<Omit<Answer, "headers">> & { readonly headers?: Record<string, string> }) {
  const { status = 200, headers = {}, body = Buffer.from("{}") } = answer;
  const all = new Map(Object.entries({ "content-type": "application/json", ...headers }));
  const answers = [{ status, headers: all, body }];
  return judgeExchange(request, { outcome: "ended", answers, rest: Buffer.alloc(0) });
}

const refusal = (error: string): Buffer => Buffer.from(JSON.stringify({ error }));

test("a refusal passes the judge with a code that owns its status and a message of ours", () => {
  const headers = { "tradewind-error": "request_malformed" };
  expect(judged({ status: 400, headers, body: refusal("no inputs") })).toBeUndefined();
  expect(judged({ status: 422, headers, body: refusal("no inputs") })).toContain("does not belong");
  expect(judged({ status: 400, body: refusal("no inputs") })).toContain("no code");
  expect(judged({ status: 400, headers })).toContain("no text");
  expect(judged({ status: 400, headers, body: refusal("SyntaxError: Unexpected token") })).toContain(
    "inside",
  );
  expect(
    judged({ status: 400, headers: { ...headers, "content-encoding": "br" }, body: refusal("x") }),
  ).toContain("compressed");
});

test("only a documented five hundred passes the judge, with a word when to try again", () => {
  const full = { "tradewind-error": "backend_full" };
  const body = refusal("64 runs are waiting");
  expect(judged({ status: 503, headers: { ...full, "retry-after": "1" }, body })).toBeUndefined();
  expect(judged({ status: 503, headers: full, body })).toContain("when to try again");
  expect(judged({ status: 500, headers: { "tradewind-error": "internal" }, body })).toContain("undocumented");
});

test("an answer passes the judge only in the protocol's own form", () => {
  const output = { name: "y", datatype: "FP32", shape: [1], parameters: { binary_data_size: 4 } };
  const json = JSON.stringify({ model_name: "m", model_version: "1", outputs: [output] });
  const headers = {
    "content-type": "application/octet-stream",
    "inference-header-content-length": `${json.length}`,
  };
  expect(judged({ headers, body: Buffer.from(`${json}1234`) })).toBeUndefined();
  expect(judged({ headers, body: Buffer.from(`${json}123`) })).toContain("3 bytes behind, 4 promised");
  expect(judged({ body: Buffer.from(json.replace("FP32", "fp32")) })).toContain("not the protocol's form");
  expect(judged({ body: Buffer.from("{") })).toContain("no JSON");
  expect(judged({ headers: { "content-encoding": "gzip" } })).toContain("unreadable content encoding");
});

test("silence, an end without an answer and an answer too many do not pass the judge", () => {
  const nothing = { answers: [], rest: Buffer.alloc(0) };
  expect(judgeExchange(request, { outcome: "hung" })).toContain("neither");
  expect(judgeExchange(request, { outcome: "refused" })).toContain("no longer");
  expect(judgeExchange(request, { outcome: "ended", ...nothing })).toContain("0 answers to 1");
  expect(judgeExchange({ ...request, unframed: true }, { outcome: "ended", ...nothing })).toBeUndefined();
  expect(judgeExchange(request, { outcome: "ended", ...nothing, rest: Buffer.from("x") })).toContain(
    "no whole",
  );
});

test("answers on one connection are told apart, whatever frames them", () => {
  const [first, second] = ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nab", "HTTP/1.1 100 Continue\r\n\r\n"];
  const third = "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
  const { answers, rest } = readAnswers(Buffer.from(`${first}${second}${third}HTTP/1.1 2`));
  expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
    [200, "ab"],
    [404, "abcd"],
  ]);
  expect(rest.toString()).toBe("HTTP/1.1 2");
});
