import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { z } from "zod";
import { askAdmin } from "#infra/command/ask-admin.ts";
import { shiftAtGateway } from "#infra/command/trials/shift-at-gateway.ts";

/** A gateway's administrators' door, as far as a test wants one. */
async function openDoor(answer: RequestListener) {
  const server = createServer(answer);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => void server.close(() => resolve()));
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await close();
    },
  };
}

const schema = z.object({ fine: z.boolean() });
const ask = (url: string, key: string | undefined = "k") =>
  askAdmin({ url, key }, { path: "trials" }, schema);

test("an answer of the administrators' door is read as it is described, and the key goes with the question", async () => {
  await using door = await openDoor((request, response) => {
    response.end(
      JSON.stringify({ fine: request.headers["x-api-key"] === "k" && request.url === "/v1/admin/trials" }),
    );
  });
  expect(await ask(door.url)).toEqual({ fine: true });
});

test("a refusal of the administrators' door is told in its own words", async () => {
  await using door = await openDoor((_, response) => {
    response.writeHead(403).end(JSON.stringify({ code: "forbidden", detail: "not you" }));
  });
  await expect(ask(door.url)).rejects.toMatchObject({ code: "forbidden", message: "not you" });
});

test.each([
  ["something else", (_, response) => response.end('{"other":1}'), /no gateway of this version/],
  ["no JSON", (_, response) => response.end("<html>"), /no gateway of this version/],
  ["a failure without words", (_, response) => response.writeHead(500).end(), /answered with 500/],
  [
    "a way elsewhere",
    (_, response) => response.writeHead(302, { location: "http://other" }).end(),
    /nobody answers/,
  ],
  ["a body without end", (_, response) => response.end(Buffer.alloc(17 * 1_048_576)), /has no end/],
] satisfies [string, RequestListener, RegExp][])(
  "a door that gives %s is no administrators' door",
  async (_, answer, words) => {
    await using door = await openDoor(answer);
    await expect(ask(door.url)).rejects.toThrow(words);
  },
);

test("a question to nobody, to no address, and without a key are refused in words", async () => {
  await expect(ask("http://127.0.0.1:1")).rejects.toThrow(/nobody answers at http:\/\/127.0.0.1:1/);
  await expect(ask("ftp://there")).rejects.toThrow(/--url: expected http/);
  const door = { url: "http://127.0.0.1:1", key: undefined };
  await expect(askAdmin(door, { path: "trials" }, schema)).rejects.toThrow(/--key, or TRADEWIND_KEY/);
});

const configuration = `models: { m: { source: x } }
providers: { old: { kind: static, urls: [http://a] }, new: { kind: static, urls: [http://b] } }
routes:
  - models: [m]
    failover: [[old]]
`;

/** With a configuration and no trials; answers what was put. */
function openGateway(put: { text?: string; tag?: string }) {
  return openDoor(async (request, response) => {
    if (request.method === "PUT") {
      const body = await request.toArray();
      Object.assign(put, { text: Buffer.concat(body).toString(), tag: request.headers["if-match"] });
      response.writeHead(201).end(JSON.stringify({ version: 8, is_new: true }));
    } else if (request.url === "/v1/admin/trials") response.end('{"kept_by":"fleet","trials":[]}');
    else response.end(JSON.stringify({ version: 7, text: configuration }));
  });
}

test("a shift through a gateway puts the newest configuration with another share, unless it is not the newest any more", async () => {
  const put: { text?: string; tag?: string } = {};
  await using door = await openGateway(put);
  const lines: string[] = [];
  const wish = { model: "m", provider: "new", isForced: false, note: "", url: door.url, key: "k" };
  await shiftAtGateway({ ...wish, share: 0.01 }, (line) => void lines.push(line));
  expect(lines).toEqual(["1% of m goes to new: version 8"]);
  expect(put).toEqual({ text: `${configuration}    canary: { provider: new, share: 1% }\n`, tag: '"7"' });
  delete put.text;
  const more = shiftAtGateway({ ...wish, share: 0.1 }, () => {});
  await expect(more).rejects.toThrow(/nothing is known of "new" yet/);
  expect(put.text).toBe(undefined);
  await shiftAtGateway({ ...wish, share: 0.1, isForced: true }, () => {});
  expect(put.text).toMatch(/share: 10%/);
});
