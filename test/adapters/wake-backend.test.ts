import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import { wakeBackend } from "#adapters/wake-backend.ts";
import { freePort } from "#test/support/free-port.ts";

async function openSleeper() {
  const waiting: { path: string; response: ServerResponse }[] = [];
  const server = createServer((request, response) => {
    waiting.push({ path: request.url ?? "", response });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/below`,
    waiting,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

test("as many questions as were asked for are there at once, and waking has ended when all are answered", async () => {
  await using sleeper = await openSleeper();
  let isAwake = false;
  const call = { url: sleeper.url, model: "digits s", requests: 5, signal: AbortSignal.timeout(5_000) };
  const waking = wakeBackend(call).then(() => {
    isAwake = true;
  });
  await vi.waitFor(() => expect(sleeper.waiting).toHaveLength(5));
  expect(new Set(sleeper.waiting.map(({ path }) => path))).toEqual(new Set(["/below/v2/models/digits%20s"]));
  for (const { response } of sleeper.waiting.slice(0, 4)) response.end("{}");
  expect(isAwake).toBe(false);
  sleeper.waiting.at(-1)?.response.end("{}");
  await waking;
});

test("waking somebody who is not there fails in the catalogue's words", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const waking = wakeBackend({ url, model: "m", requests: 2, signal: AbortSignal.timeout(5_000) });
  await expect(waking).rejects.toMatchObject({ code: "backend_unreachable" });
});

test.each([
  [200, true],
  [404, true],
  [429, false],
  [503, false],
])("an answer of %s says that an instance stands: %s", async (status, stands) => {
  await using sleeper = await openSleeper();
  const call = { url: sleeper.url, model: "m", requests: 1, signal: AbortSignal.timeout(5_000) };
  const waking = wakeBackend(call).then(
    () => true,
    () => false,
  );
  await vi.waitFor(() => expect(sleeper.waiting).toHaveLength(1));
  sleeper.waiting[0]?.response.writeHead(status).end("{}");
  expect(await waking).toBe(stands);
});
