import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { openUpstreamHttp, upstreamUrl } from "#inference/engine/remote/upstream-http.ts";
import { failure } from "./open-colours.ts";

const { signal } = new AbortController();

async function serve(answer: RequestListener) {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = openUpstreamHttp({ url, connections: 1, maxAnswerBytes: 1_000_000 });
  return {
    ask: () => http.call({ method: "GET", path: "/v2", signal }),
    [Symbol.asyncDispose]: async () => {
      await http.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

test("an answer of no announced length is whole however far it grows", async () => {
  const sent = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  await using upstream = await serve((_, response) => {
    for (let at = 0; at < sent.byteLength; at += 10_000) response.write(sent.subarray(at, at + 10_000));
    response.end();
  });
  const { status, body } = await upstream.ask();
  expect(status).toBe(200);
  expect(body.equals(sent)).toBe(true);
});

test("of a long refusal only the beginning is read", async () => {
  await using upstream = await serve((_, response) => {
    response.writeHead(500).write("x".repeat(100_000));
  });
  const { status, body } = await upstream.ask();
  expect(status).toBe(500);
  expect(body.byteLength).toBe(4_096);
});

test("a redirection is an answer like any other and is not followed", async () => {
  let asked = 0;
  await using upstream = await serve((_, response) => {
    asked += 1;
    response.writeHead(302, { location: "/elsewhere" }).end();
  });
  expect(await upstream.ask()).toMatchObject({ status: 302 });
  expect(asked).toBe(1);
});

test("a call whose signal was aborted before is not made", async () => {
  const url = "http://127.0.0.1:9";
  await using http = openUpstreamHttp({ url, connections: 1, maxAnswerBytes: 1_000 });
  const error = await failure(http.call({ method: "GET", path: "/v2", signal: AbortSignal.abort() }));
  expect(error).toMatchObject({ code: "caller_left" });
});

test("an address may have a path, and nothing else", () => {
  expect(upstreamUrl("https://host:8000/some/path/").pathname).toBe("/some/path/");
  for (const text of ["host:8000", "http://a@host", "http://host/#there", "file:///etc/passwd", ""]) {
    expect(() => upstreamUrl(text)).toThrow("the upstream is no address of a server");
  }
});
