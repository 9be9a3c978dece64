import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { type DiscardOptions, discardRest } from "#infra/runtime/discard-rest.ts";
import { openRaw } from "#test/support/raw-http.ts";

/** A server that answers before it has read anything, and then reads on as it is told. */
async function serveHasty(options: DiscardOptions = {}) {
  const seen: IncomingMessage[] = [];
  const server = createServer((incoming, outgoing) => {
    seen.push(incoming);
    outgoing.once("finish", () => discardRest(incoming, options));
    outgoing.end("no");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { port, seen, [Symbol.asyncDispose]: close };
}

const head = (length: number): string => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`;

test("what was refused unread is read on, and the connection serves the next request", async () => {
  await using server = await serveHasty();
  using raw = await openRaw(server.port);
  raw.send(head(200_000));
  expect((await raw.next()).status).toBe(200);
  raw.send(Buffer.alloc(200_000));
  raw.send(head(1));
  raw.send("x");
  expect((await raw.next()).status).toBe(200);
  expect(server.seen.length).toBe(2);
});

test("who sends more than is read on is cut off, with the answer in hand", async () => {
  await using server = await serveHasty({ mostBytes: 1_000 });
  using raw = await openRaw(server.port);
  raw.send(head(10_000_000));
  expect((await raw.next()).status).toBe(200);
  raw.send(Buffer.alloc(500_000));
  await raw.ended;
});

test("who says nothing more is not waited for", async () => {
  await using server = await serveHasty({ mostMs: 20 });
  using raw = await openRaw(server.port);
  raw.send(head(10));
  expect((await raw.next()).status).toBe(200);
  await raw.ended;
});
