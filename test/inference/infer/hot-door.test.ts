import { expect, test } from "vitest";
import { openHotDoor } from "#inference/infer/hot-door.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { openHttpServer } from "#infra/runtime/http-server.ts";
import { openRaw } from "#test/support/raw-http.ts";

test("an answer that cannot be sent ends its connection and not the process", async () => {
  const headers = { "content-type": "text/plain\r\nx: y" };
  const infer = async () => ({ status: 200, headers, body: "{}" });
  const hot = openHotDoor({ infer, ready: () => true, chance: systemChance });
  const fetch = (): Response => new Response("the other door");
  await using server = await openHttpServer({ fetch, hot, host: "127.0.0.1", port: 0 });
  using connection = await openRaw(server.port);
  connection.send("POST /v2/models/m/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
  await expect(connection.next()).rejects.toThrow("the connection ended after 0 bytes");
});
