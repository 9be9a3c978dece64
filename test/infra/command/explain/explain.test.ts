import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { decisionOf, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { writeDecision } from "#gateway/ledger/written-decision.ts";
import { askGateway } from "#infra/command/explain/ask-gateway.ts";
import { explain } from "#infra/command/explain.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

test.each([
  ["no request", []],
  ["two requests", ["a", "b"]],
  ["an id that no request has", ["a b"]],
  ["an id with a line in it", ["a\nb"]],
  ["a path", ["../keys"]],
  ["a key for nobody", ["a", "--key", "tw_x"]],
])("the explain command refuses %s", async (_, args) => {
  await expect(explain(args)).rejects.toMatchObject({ code: "request_malformed" });
});

test("a flag that explain does not have is refused", async () => {
  await expect(explain(["R1", "--loud"])).rejects.toMatchObject({ code: "config_invalid" });
});

async function gatewayOf(listener: RequestListener) {
  const server = createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const { course, seen } = pursue(poolOf([laneOf("b")]), () => ({ ms: 10 }));
const decision = decisionOf(recordPursuit(course, factsOf({ seen })));
const answers = (status: number, body: unknown): RequestListener => {
  return (_, response) =>
    response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
};

test("a gateway is asked for a request's decisions with the key that was given", async () => {
  const asked: unknown[] = [];
  await using gateway = await gatewayOf((request, response) => {
    asked.push([request.url, request.headers["x-api-key"]]);
    response.end(JSON.stringify({ kept_by: "fleet", decisions: [writeDecision(decision)] }));
  });
  expect(await askGateway({ url: gateway.url, key: "tw_k", requestId: "a:b.c" })).toEqual([decision]);
  expect(asked).toEqual([["/v1/admin/decisions/a%3Ab.c", "tw_k"]]);
});

test.each([
  ["record_unknown", 404, { code: "record_unknown", detail: "nothing is kept" }],
  ["key_invalid", 401, { code: "key_invalid", detail: "no" }],
  ["backend_answer_invalid", 404, { code: "made_up", detail: "no" }],
  ["backend_answer_invalid", 502, "<html>"],
  ["backend_answer_invalid", 200, "<html>"],
  ["backend_answer_invalid", 200, { decisions: [{}] }],
])("a gateway's refusal becomes %s where it answers %i", async (code, status, body) => {
  await using gateway = await gatewayOf(answers(status, body));
  const asking = askGateway({ url: gateway.url, key: "tw_k", requestId: "R1" });
  await expect(asking).rejects.toMatchObject({ code });
});

test("a key is not carried to where a redirect leads", async () => {
  await using gateway = await gatewayOf((_, response) => {
    response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
  });
  const asking = askGateway({ url: gateway.url, key: "tw_k", requestId: "R1" });
  await expect(asking).rejects.toMatchObject({ code: "backend_unreachable" });
});

test.each([
  ["no address", "gateway.example", "config_invalid"],
  ["a file", "file:///etc/passwd", "config_invalid"],
  ["nobody", "http://127.0.0.1:1", "backend_unreachable"],
])("asking %s about a request ends in %s", async (_, url, code) => {
  await expect(askGateway({ url, key: "tw_k", requestId: "R1" })).rejects.toMatchObject({ code });
});

test("asking a gateway takes a key", async () => {
  const asking = askGateway({ url: "http://127.0.0.1:1", key: undefined, requestId: "R1" });
  await expect(asking).rejects.toMatchObject({ code: "key_missing" });
});
