import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openChild } from "../bench/inference/child.ts";
import { openConnection } from "../bench/inference/exchange.ts";
import { writeRequests } from "../bench/inference/requests.ts";

const signal = new AbortController().signal;

test.each([
  ["in one piece", ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]],
  ["cut in the head and in the body", ["HTTP/1.1 200 OK\r\nconte", "nt-length: 2\r\n", "\r\no", "k"]],
  [
    "with a header whose name ends in content-length",
    ["HTTP/1.1 200 OK\r\ninference-header-content-length: 9\r\ncontent-length: 2\r\n\r\nok"],
  ],
  ["in chunks", ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok", "\r\n0\r", "\n\r\n"]],
])("the load generator reads an answer that comes %s", async (_, pieces) => {
  await using resources = new AsyncDisposableStack();
  const port = await answering(resources, pieces);
  using connection = await openConnection(port);
  expect(await connection.exchange(Buffer.from("GET"))).toBe(200);
  expect(await connection.exchange(Buffer.from("GET"))).toBe(200);
});

test("the load generator sees a refusal's status", async () => {
  await using resources = new AsyncDisposableStack();
  const port = await answering(resources, ["HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"]);
  using connection = await openConnection(port);
  expect(await connection.exchange(Buffer.from("GET"))).toBe(503);
});

test("a server that hangs up in the middle of an answer fails the request", async () => {
  await using resources = new AsyncDisposableStack();
  const port = await answering(resources, ["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"], {
    hangUp: true,
  });
  using connection = await openConnection(port);
  await expect(connection.exchange(Buffer.from("GET"))).rejects.toThrow("closed the connection");
  await expect(connection.exchange(Buffer.from("GET"))).rejects.toThrow("closed");
});

test("an image goes out as the gateway sends it: head, length, bytes", async () => {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "bench-requests-"));
  resources.defer(() => rm(folder, { recursive: true }));
  const file = join(folder, "image.jpg");
  await writeFile(file, "jpeg");
  const [request = Buffer.alloc(0)] = await writeRequests({
    form: "tradewind",
    path: "/v2/x",
    files: [file],
  });
  const [head = "", body = ""] = request.toString("latin1").split("\r\n\r\n");
  expect(head).toMatch(/^POST \/v2\/x HTTP\/1\.1\r\n/);
  const jsonLength = Number(/inference-header-content-length: (\d+)/.exec(head)?.[1]);
  expect(JSON.parse(body.slice(0, jsonLength)).inputs[0].parameters).toEqual({ binary_data_size: 8 });
  expect(body.slice(jsonLength)).toBe("\x04\0\0\0jpeg");
  expect(Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1])).toBe(body.length);
});

test("a process of the bench that ends early says so, and what it said", async () => {
  await using child = await openChild({
    command: process.execPath,
    args: ["-e", "console.log('no model'); process.exit(3)"],
    signal,
  });
  await expect(child.ask(undefined, 10_000)).rejects.toThrow(/ended; it said:\s+no model/);
});

test("a process of the bench ends with what it started when it is no longer needed", async () => {
  const script = "const c = require('node:child_process').spawn('sleep', ['60']); process.send(c.pid);";
  const child = await openChild({ command: process.execPath, args: ["-e", script], signal });
  const grandchild = Number(await child.ask(undefined, 10_000));
  expect(await isAlive(grandchild)).toBe(true);
  await child[Symbol.asyncDispose]();
  await child[Symbol.asyncDispose]();
  await expect.poll(() => isAlive(grandchild)).toBe(false);
});

/** One that ended and that nobody has asked about yet is not alive. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "State: Z");
  return !/^State:\s+Z/m.test(status);
}

/** Says the same pieces to everything it hears. */
async function answering(
  resources: AsyncDisposableStack,
  pieces: readonly string[],
  { hangUp = false } = {},
): Promise<number> {
  const server: Server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", async () => {
      for (const piece of pieces) {
        await new Promise((resolve) => socket.write(piece, resolve));
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (hangUp) socket.end();
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  resources.defer(() => void server.close());
  return (server.address() as AddressInfo).port;
}
