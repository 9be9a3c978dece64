import { expect, test, vi } from "vitest";
import type { FetchOptions } from "#gateway/bodies/fetch-image.ts";
import type { ImageAsk } from "#gateway/images/image-ask.ts";
import { receiveImages } from "#gateway/images/receive-images.ts";
import { readOptions } from "#inference/image-api/read-options.ts";
import { openDeadline } from "#infra/runtime/deadline.ts";
import { createInFlight } from "#infra/runtime/in-flight.ts";
import { caller } from "#test/support/callers.ts";

const limits = {
  body: 1_000,
  bodyTimeout: 1_000,
  inFlight: 10,
  bodiesInHand: 1_000,
  requestTimeout: 1_000,
  pixels: 1,
};

/** A list of addresses, each of which is fetched as the test says. */
async function receive(count: number, fetch: (url: string, options: FetchOptions) => Promise<Buffer>) {
  const body = Buffer.from(
    JSON.stringify({ images: Array.from({ length: count }, (_, n) => ({ url: `https://a.example/${n}` })) }),
  );
  const ask: ImageAsk = {
    requestId: "r",
    startedAt: 0,
    trace: {
      traceId: "0".repeat(32),
      spanId: "0".repeat(16),
      parentSpanId: undefined,
      sampled: false,
      random: true,
      tracestate: undefined,
    },
    caller: caller(),
    model: "m",
    task: "detect",
    query: {},
    header: (name) => (name === "content-type" ? "application/json" : undefined),
    readBody: async ({ onBytes }) => {
      onBytes?.(body.byteLength);
      return body;
    },
    onLeave: () => () => {},
    note: () => {},
  };
  const inFlight = createInFlight({ most: 1, mostBytes: limits.bodiesInHand });
  const place = inFlight.enter(0);
  const deadline = openDeadline({ timeoutMs: 60_000, onLeave: () => () => {} });
  const receiving = receiveImages(ask, readOptions({}), {
    limits,
    fetchFrom: ["a.example"],
    place,
    deadline,
    fetch,
  }).finally(() => deadline[Symbol.dispose]());
  return { receiving, inFlight, place, bodyBytes: body.byteLength };
}

test("what is fetched is on the account of bodies with the body itself, as it arrives", async () => {
  const seen: number[] = [];
  const { receiving, inFlight, place, bodyBytes } = await receive(2, async (_, { onBytes }) => {
    for (const bytes of [100, 200]) {
      onBytes?.(bytes);
      await Promise.resolve();
      seen.push(inFlight.bytes() - bodyBytes);
    }
    return Buffer.alloc(200);
  });
  const { images } = await receiving;
  expect(images.map((image) => ("byteLength" in image ? image.byteLength : image))).toEqual([200, 200]);
  expect(inFlight.bytes()).toBe(bodyBytes + 400);
  expect(seen).toContain(200);
  place[Symbol.dispose]();
  expect(inFlight.bytes()).toBe(0);
});

test("an image for which there is no room is refused alone, and takes none from the others", async () => {
  const { receiving, inFlight, place, bodyBytes } = await receive(3, async (url, { onBytes }) => {
    const bytes = url.endsWith("/1") ? 900 : 100;
    onBytes?.(bytes);
    return Buffer.alloc(bytes);
  });
  const { images } = await receiving;
  expect(images.map((image) => ("code" in image ? image.code : image.byteLength))).toEqual([
    100,
    "overloaded",
    100,
  ]);
  expect(inFlight.bytes()).toBe(bodyBytes + 200);
  place[Symbol.dispose]();
});

test("an image that did not arrive gives back what was there of it", async () => {
  const { receiving, inFlight, place, bodyBytes } = await receive(1, async (_, { onBytes }) => {
    onBytes?.(300);
    throw new Error("gone");
  });
  await receiving;
  expect(inFlight.bytes()).toBe(bodyBytes);
  place[Symbol.dispose]();
});

test("a request fetches four images at once, and the next when one of them is here", async () => {
  const waiting: (() => void)[] = [];
  let started = 0;
  const { receiving, place } = await receive(6, async () => {
    started += 1;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return Buffer.alloc(1);
  });
  await vi.waitFor(() => expect(started).toBe(4));
  waiting.shift()?.();
  await vi.waitFor(() => expect(started).toBe(5));
  await vi.waitFor(() => {
    while (waiting.length > 0) waiting.shift()?.();
    expect(started).toBe(6);
  });
  while (waiting.length > 0) waiting.shift()?.();
  expect((await receiving).images.length).toBe(6);
  place[Symbol.dispose]();
});
