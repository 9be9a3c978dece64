import { expect, test, vi } from "vitest";
import { type FetchOptions, fetchImage } from "#gateway/bodies/fetch-image.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { startHttpsServer } from "#test/support/https-server.ts";

const host = "images.example.com";

test("the bytes of an image are told as they arrive, and whoever has no room for them ends the fetching", async () => {
  await using server = await startHttpsServer([host], (_, response) => {
    response.write(Buffer.alloc(40_000));
    setImmediate(() => response.end(Buffer.alloc(40_000)));
  });
  const fetchWith = (onBytes: FetchOptions["onBytes"]) =>
    fetchImage(`https://${host}:${server.port}/a.jpg`, {
      signal: new AbortController().signal,
      maxBytes: 100_000,
      timeoutMs: 5_000,
      allow: [`${host}:${server.port}`],
      resolve: () => Promise.resolve(["127.0.0.1"]),
      isPublic: () => true,
      ca: server.ca,
      onBytes,
    });
  const seen: number[] = [];
  await fetchWith((count) => void seen.push(count));
  expect(seen.at(-1)).toBe(80_000);
  expect(seen).toEqual(seen.toSorted((one, other) => one - other));
  const full = new TradewindError("overloaded", "no room for more");
  const ended = fetchWith((count) => {
    if (count > 30_000) throw full;
  });
  await expect(ended).rejects.toBe(full);
  await vi.waitFor(() => expect(server.requests.at(-1)?.socket.destroyed).toBe(true));
});
