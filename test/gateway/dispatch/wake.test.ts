import { expect, test, vi } from "vitest";
import { createOpenInferenceClient } from "#adapters/open-inference.ts";
import { wake } from "#gateway/dispatch/wake.ts";
import { startFakeBackend } from "#test/support/fake-backend.ts";
import { backendAt } from "#test/support/routes.ts";

test("a backend that sleeps is woken where its client finds it, with the credentials of its client", async () => {
  await using server = await startFakeBackend();
  const authorize = () => ["authorization", "Bearer awake"];
  const { port } = new URL(server.url);
  const url = `http://name.invalid:${port}`;
  await using client = createOpenInferenceClient({ url, at: "127.0.0.1", authorize });
  await wake(backendAt({ url: server.url, client }), "digits-s", 2);
  await vi.waitFor(() => expect(server.requests).toHaveLength(2));
  const heard = server.requests.map(({ headers }) => `${headers.host} ${headers.authorization}`);
  expect(heard).toEqual(Array(2).fill(`name.invalid:${port} Bearer awake`));
});
