import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { expect, test, vi } from "vitest";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { openRaw } from "#test/support/raw-http.ts";

const hello = (): Response => new Response("hello");

test("a port that is taken is refused by its number", async () => {
  await using server = await openHttpServer({ fetch: hello, host: "127.0.0.1", port: 0 });
  await expect(openHttpServer({ fetch: hello, host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
    code: "port_unavailable",
    message: `port ${server.port} on 127.0.0.1 is already in use`,
  });
});

/** Sends raw bytes and resolves with all that comes back until the server hangs up. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(heard));
  });
}

test.each([
  ["a target that is no path", "OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"],
  ["a host that is none", "GET / HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n"],
])("%s gets an answer that says so", async (_, bytes) => {
  await using server = await openHttpServer({ fetch: hello, host: "127.0.0.1", port: 0 });
  const [head = "", body = ""] = (await exchange(server.port, bytes)).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 400 .*content-type: application\/problem\+json/is);
  expect(JSON.parse(body)).toMatchObject({
    code: "request_malformed",
    error: expect.stringContaining("address"),
  });
});

test.each([
  ["no HTTP at all", "hello\r\n\r\n"],
  [
    "two lengths for one body",
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
  ],
  [
    "a length and chunks",
    "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
  ],
  ["headers without end", `GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(10_000)}`],
])("%s is refused in words of ours", async (_, bytes) => {
  await using server = await openHttpServer({ fetch: hello, host: "127.0.0.1", port: 0 });
  const [head = "", body = "{}"] = (await exchange(server.port, bytes)).split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
  expect(JSON.parse(body)).toMatchObject({
    status: 400,
    code: "request_malformed",
    error: expect.stringMatching(/request/),
  });
});

test("closing is not held up by a connection that never sent anything", async () => {
  const server = await openHttpServer({ fetch: hello, host: "127.0.0.1", port: 0 });
  const silent = exchange(server.port, "");
  const halfAHead = exchange(server.port, "GET / HTTP/1.1\r\nhost");
  await fetch(server.url);
  const began = performance.now();
  await server.close();
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(await Promise.all([silent, halfAHead])).toEqual(["", ""]);
});

test("closing cuts no answer short that its reader has not taken yet", async () => {
  const bytes = 32 * 1_048_576;
  const fetch = (): Response => new Response(new Uint8Array(bytes));
  const server = await openHttpServer({ fetch, host: "127.0.0.1", port: 0 });
  const socket = connect(server.port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  await once(socket, "readable");
  const closed = server.close();
  await vi.waitFor(() => expect(globalThis.fetch(server.url)).rejects.toThrow());
  let heard = 0;
  for await (const chunk of socket) heard += (chunk as Buffer).byteLength;
  expect(heard).toBeGreaterThan(bytes);
  await closed;
});

test("closing waits for every request that came at once on one connection", async () => {
  const answers = [Promise.withResolvers<Response>(), Promise.withResolvers<Response>()];
  let asked = 0;
  const fetch = (): Promise<Response> | Response => answers[asked++]?.promise ?? hello();
  const server = await openHttpServer({ fetch, host: "127.0.0.1", port: 0 });
  const heard = exchange(server.port, "GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(2));
  await vi.waitFor(() => expect(asked).toBe(2));
  const began = performance.now();
  const closed = server.close();
  answers[0]?.resolve(new Response("first"));
  // Longer than a connection without a request in hand would be left open.
  await vi.waitFor(() => expect(performance.now() - began).toBeGreaterThan(1_300), { timeout: 5_000 });
  answers[1]?.resolve(new Response("second"));
  expect(await heard).toMatch(/first.*second/s);
  await closed;
});

test("closing waits for the request in hand and is not held up by its kept connection", async () => {
  const answer = Promise.withResolvers<Response>();
  const arrived = Promise.withResolvers<void>();
  const fetch = (): Promise<Response> => {
    arrived.resolve();
    return answer.promise;
  };
  const server = await openHttpServer({ fetch, host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true });
  const status = new Promise<number | undefined>((resolve) => {
    request(server.url, { agent }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).end();
  });
  await arrived.promise;
  const closing = server.close();
  answer.resolve(new Response("late"));
  expect(await status).toBe(200);
  await closing;
  await server.close();
  agent.destroy();
});

test("a client that does not read its answer is cut off, one that reads slowly is not", async () => {
  const fetch = (): Response => new Response(new Uint8Array(16_777_216));
  await using server = await openHttpServer({ fetch, host: "127.0.0.1", port: 0, unreadMs: 100 });
  const deaf = connect(server.port, "127.0.0.1");
  deaf.pause();
  deaf.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  deaf.on("error", () => {});
  const whole = await (await globalThis.fetch(server.url)).arrayBuffer();
  expect(whole.byteLength).toBe(16_777_216);
  // Who does not read learns of the end only by writing, which must not come so often that it counts as life.
  const isCut = (): boolean => {
    if (!deaf.destroyed) deaf.write("\r\n");
    return deaf.destroyed;
  };
  await expect.poll(isCut, { timeout: 4_000, interval: 400 }).toBe(true);
  expect(deaf.bytesRead).toBeLessThan(16_777_216);
});

test.each([
  ["without a host", "GET / HTTP/1.1\r\n\r\n", /no host header/],
  ["that expects what nobody knows", "GET / HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n\r\n", /only expectation/],
])("a request %s is refused in words", async (_, text, detail) => {
  await using server = await openHttpServer({ fetch: () => new Response("hi"), host: "127.0.0.1", port: 0 });
  using raw = await openRaw(server.port);
  raw.send(text);
  const { status, body } = await raw.next();
  expect({ status, problem: JSON.parse(body.toString()) as object }).toEqual({
    status: 400,
    problem: expect.objectContaining({ code: "request_malformed", detail: expect.stringMatching(detail) }),
  });
});

test("an old request needs no host", async () => {
  await using server = await openHttpServer({ fetch: () => new Response("hi"), host: "127.0.0.1", port: 0 });
  using raw = await openRaw(server.port);
  raw.send("GET / HTTP/1.0\r\n\r\n");
  expect((await raw.next()).status).toBe(200);
});
