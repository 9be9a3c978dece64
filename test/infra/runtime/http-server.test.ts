import { Agent, request } from "node:http";
import { expect, test } from "vitest";
import { openHttpServer } from "#infra/runtime/http-server.ts";

const hello = (): Response => new Response("hello");

test("a port that is taken is refused by its number", async () => {
  await using server = await openHttpServer({ fetch: hello, host: "127.0.0.1", port: 0 });
  await expect(openHttpServer({ fetch: hello, host: "127.0.0.1", port: server.port })).rejects.toMatchObject({
    code: "port_unavailable",
    message: `port ${server.port} on 127.0.0.1 is already in use`,
  });
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
