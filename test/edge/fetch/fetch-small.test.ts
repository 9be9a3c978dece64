import { expect, test } from "vitest";
import { captive } from "#edge/fetch/captive.ts";
import { fetchSmall } from "#edge/fetch/fetch-small.ts";
import type { Origin, OriginAsk } from "#edge/fetch/origin.ts";
import { createFakeOrigin, cutAfter, flipped, type Tamper } from "#test/support/edge/fake-origin.ts";
import { hurriedClock, listed, noise } from "#test/support/edge/fetched.ts";

const content = noise(30_000);
const file = listed(content);

function surroundings() {
  const { signal } = new AbortController();
  return { clock: hurriedClock(), chance: { number: () => 0.5 }, signal };
}

function small(...origins: readonly Origin[]) {
  return fetchSmall({ file, maxBytes: 100_000, origins, ...surroundings() });
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

test("a small file goes on where the line broke, under the tag that it had, and no byte comes twice", async () => {
  const origin = createFakeOrigin(content);
  origin.always = cutAfter(4_096);
  expect(Buffer.from(await small(origin)).equals(content)).toBe(true);
  expect(origin.sent).toBe(content.byteLength);
  expect(origin.asks.slice(1)).toEqual(
    origin.asks
      .slice(1)
      .map((_, at) =>
        expect.objectContaining({ range: { start: 4_096 * (at + 1), end: 30_000 }, ifRange: '"tag"' }),
      ),
  );
});

test("what changed between two pieces of a small file comes as a whole again", async () => {
  const [old, now] = [createFakeOrigin(noise(30_000, 2), { tag: '"old"' }), createFakeOrigin(content)];
  const asks: OriginAsk[] = [];
  const changing: Origin = {
    name: "changing",
    get: (ask) => (asks.push(ask) === 1 ? old : now).get(ask),
  };
  old.always = cutAfter(20_000);
  const got = await fetchSmall({ file, maxBytes: 100_000, origins: [changing], ...surroundings() });
  expect(Buffer.from(got).equals(content)).toBe(true);
  expect(asks.map(({ range, ifRange }) => [range?.start, ifRange])).toEqual([
    [undefined, undefined],
    [20_000, '"old"'],
  ]);
});

test("a wrong byte in one piece of a small file costs the whole once more, and no more than that", async () => {
  const origin = createFakeOrigin(content);
  origin.faults.push(cutAfter(10_000), flipped(3));
  expect(Buffer.from(await small(origin)).equals(content)).toBe(true);
  expect(origin.sent).toBe(2 * content.byteLength);
});

test("a server that gives a small file byte by byte is given up", async () => {
  const origin = createFakeOrigin(content);
  origin.always = cutAfter(1);
  await expect(small(origin)).rejects.toMatchObject({ code: "repository_unreachable" });
  expect(origin.asks.length).toBeLessThan(20);
});

test("what one server sent of a small file is not put together with another one's", async () => {
  const [mirror, gateway] = [createFakeOrigin(noise(30_000, 2)), createFakeOrigin(content)];
  const busy: Tamper = () => ({ status: 503, headers: {}, body: Buffer.alloc(0) });
  mirror.faults.push(cutAfter(20_000), busy, busy);
  expect(Buffer.from(await small(mirror, gateway)).equals(content)).toBe(true);
  expect(gateway.asks).toEqual([expect.not.objectContaining({ range: expect.anything() })]);
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
  const fetched = fetchSmall({ file, maxBytes: 29_999, origins: [origin], ...surroundings() });
  await expect(fetched).rejects.toMatchObject({ code: "repository_refused" });
  expect(origin.asks).toHaveLength(0);
});
