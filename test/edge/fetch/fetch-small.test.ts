import { expect, test } from "vitest";
import { captive } from "#edge/fetch/captive.ts";
import { fetchSmall } from "#edge/fetch/fetch-small.ts";
import { createFakeOrigin, cutAfter, flipped, type Tamper } from "#test/support/edge/fake-origin.ts";
import { hurriedClock, listed, noise } from "#test/support/edge/fetched.ts";

const content = noise(30_000);
const file = listed(content);

function small(...origins: readonly ReturnType<typeof createFakeOrigin>[]) {
  const { signal } = new AbortController();
  const surroundings = { clock: hurriedClock(), chance: { number: () => 0.5 }, signal };
  return fetchSmall({ file, maxBytes: 100_000, origins, ...surroundings });
}

test("a small file comes in one piece", async () => {
  const origin = createFakeOrigin(content);
  expect(Buffer.from(await small(origin)).equals(content)).toBe(true);
  expect(origin.asks).toEqual([expect.not.objectContaining({ range: expect.anything() })]);
});

test.each<readonly [string, Tamper]>([
  ["is cut", cutAfter(100)],
  ["is wrong in one bit", flipped(7)],
  ["is too short", (draft) => ({ ...draft, headers: {}, body: content.subarray(1) })],
  ["is too long", (draft) => ({ ...draft, headers: {}, body: Buffer.concat([content, content]) })],
  ["is refused for the moment", () => ({ status: 503, headers: {}, body: Buffer.alloc(0) })],
])("one that %s comes again", async (_, fault) => {
  const origin = createFakeOrigin(content);
  origin.faults.push(fault);
  expect(Buffer.from(await small(origin)).equals(content)).toBe(true);
});

test("a mirror whose small file is another one twice is left for the gateway", async () => {
  const [mirror, gateway] = [createFakeOrigin(noise(30_000, 2)), createFakeOrigin(content)];
  expect(Buffer.from(await small(mirror, gateway)).equals(content)).toBe(true);
  expect([mirror.asks.length, gateway.asks.length]).toEqual([2, 1]);
});

test("a mirror in whose place somebody else answers is left for the gateway, and a gateway is not", async () => {
  const portal = createFakeOrigin(content);
  const elsewhere = { ...portal, get: () => Promise.reject(captive("mirror", "a web page comes")) };
  expect(Buffer.from(await small(elsewhere, createFakeOrigin(content))).equals(content)).toBe(true);
  await expect(small(elsewhere)).rejects.toMatchObject({ code: "network_captive" });
});

test("a small file that only one server has and that is wrong there is refused", async () => {
  await expect(small(createFakeOrigin(noise(30_000, 2)))).rejects.toMatchObject({
    code: "repository_refused",
  });
  await expect(small(createFakeOrigin(noise(29_000)))).rejects.toMatchObject({ code: "repository_refused" });
});

test("one that is signed to be larger than it may be is not asked for", async () => {
  const origin = createFakeOrigin(content);
  const { signal } = new AbortController();
  const surroundings = { clock: hurriedClock(), chance: { number: () => 0.5 }, signal };
  const fetched = fetchSmall({ file, maxBytes: 29_999, origins: [origin], ...surroundings });
  await expect(fetched).rejects.toMatchObject({ code: "repository_refused" });
  expect(origin.asks).toHaveLength(0);
});
