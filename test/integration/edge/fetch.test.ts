import { stat } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchFile } from "#edge/fetch/fetch-file.ts";
import { readBounded } from "#edge/fetch/read-bounded.ts";
import { type BadAnswer, type Misbehave, startBadOrigin } from "#test/support/edge/bad-origin.ts";
import { type FetchWorld, openFetchWorld } from "#test/support/edge/fetch-world.ts";
import { noise } from "#test/support/edge/fetched.ts";

const none = Buffer.alloc(0);
const { signal } = new AbortController();
let world: FetchWorld;

beforeEach(async () => {
  world = await openFetchWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

const say =
  (changes: Partial<BadAnswer>): Misbehave =>
  (usual) => ({ ...usual, ...changes });

test.each<readonly [string, Misbehave, string]>([
  [
    "a sign-in page",
    say({ status: 200, headers: { "content-type": "text/html" }, body: Buffer.from("<html>") }),
    "network_captive",
  ],
  [
    "a way to a portal",
    say({ status: 302, headers: { location: "http://portal.example/" } }),
    "network_captive",
  ],
  ["a way to nowhere", say({ status: 307, headers: { location: "http://" } }), "network_captive"],
  ["status 511", say({ status: 511 }), "network_captive"],
  ["the bytes without the gateway's sign", say({ headers: {} }), "network_captive"],
])("behind a portal with %s nothing is fetched, and the origin is asked once", async (_, always, code) => {
  world.origin.always = always;
  await using fetched = world.opened();
  await expect(fetchFile(world.wanted({ origins: [fetched] }))).rejects.toMatchObject({ code });
  expect(world.origin.requests).toHaveLength(1);
});

test.each<readonly [string, Misbehave]>([
  ["drips", say({ drip: { bytes: 1, ms: 20 } })],
  [
    "stalls amid the file",
    (usual) => ({
      ...usual,
      body: Buffer.concat([usual.body.subarray(0, 10), Buffer.alloc(90)]),
      headers: { ...usual.headers, "content-length": String(usual.body.byteLength) },
      drip: { bytes: 100, ms: 60_000 },
    }),
  ],
  ["never answers", say({ silent: true })],
  ["fails", say({ status: 500, body: none })],
  [
    "is refused by what stands before it",
    say({ status: 503, headers: { "content-type": "text/html" }, body: none }),
  ],
  [
    "leads in a circle",
    (usual, { url }) => ({
      ...usual,
      status: 302,
      headers: { ...usual.headers, location: url ?? "" },
      body: none,
    }),
  ],
  ["has endless headers", say({ headers: { "tradewind-edge": "1", long: "x".repeat(40_000) }, body: none })],
])("an origin that %s is given up in the end", async (_, always) => {
  world.origin.always = always;
  await using fetched = world.opened();
  const options = world.wanted({ origins: [fetched], tries: 2 });
  await expect(fetchFile(options)).rejects.toMatchObject({ code: "repository_unreachable" });
  expect(world.origin.sent).toBeLessThan(2 * world.content.byteLength);
});

test("an endless answer is left when it is as long as the file", async () => {
  world.origin.always = (usual) => ({
    ...usual,
    endless: true,
    headers: { "tradewind-edge": "1", "content-range": usual.headers["content-range"] ?? "" },
  });
  await using fetched = world.opened();
  const { received } = await fetchFile(world.wanted({ origins: [fetched] }));
  expect(await world.isFetched()).toBe(true);
  expect(received).toBeLessThan(1.1 * world.content.byteLength);
});

test("a mirror that replays old content is left, and the gateway gives the file", async () => {
  await using mirror = await startBadOrigin();
  mirror.files.set(world.file.address, noise(world.content.byteLength, 9));
  await using first = world.opened({ url: mirror.url, kind: "mirror" });
  await using last = world.opened();
  const left = new Set<typeof first>();
  const { received } = await fetchFile(world.wanted({ origins: [first, last], left }));
  expect(await world.isFetched()).toBe(true);
  expect(left.has(first)).toBe(true);
  expect(received).toBeLessThanOrEqual(2 * world.content.byteLength);
});

test("a redirect on the same host is followed, with a proof of its own", async () => {
  world.origin.files.set("targets/moved", Buffer.from("here"));
  world.origin.faults.push(
    say({ status: 307, headers: { "tradewind-edge": "1", location: "/edge/v1/repository/targets/moved" } }),
  );
  const paths: string[] = [];
  const prove = async ({ path }: { path: string }) => {
    paths.push(path);
    return { "tradewind-proof": path };
  };
  await using fetched = world.opened({ prove });
  const answer = await fetched.get({ address: "targets/old", signal });
  expect(Buffer.from(await readBounded(answer, { maxBytes: 100 })).toString()).toBe("here");
  expect(paths).toEqual(["/edge/v1/repository/targets/old", "/edge/v1/repository/targets/moved"]);
});

test("a gateway that does not believe the clock is asked again with its nonce", async () => {
  world.origin.faults.push(
    say({ status: 401, headers: { "tradewind-edge": "1", "tradewind-nonce": "n-1" } }),
  );
  const nonces: (string | undefined)[] = [];
  const prove = async ({ nonce }: { nonce: string | undefined }) => {
    nonces.push(nonce);
    return {};
  };
  await using fetched = world.opened({ prove });
  await fetchFile(world.wanted({ origins: [fetched] }));
  expect(nonces).toEqual([undefined, "n-1"]);
});

test.each([
  ["device_revoked", 403],
  ["proof_refused", 401],
])("a gateway that answers %s is told apart from a broken line", async (code, status) => {
  const body = Buffer.from(JSON.stringify({ code, detail: "said there" }));
  world.origin.always = say({ status, body });
  await using fetched = world.opened();
  await expect(fetchFile(world.wanted({ origins: [fetched] }))).rejects.toMatchObject({ code });
  expect(world.origin.requests).toHaveLength(1);
});

test("a name that leads nowhere and a closed port are unreachable, and closing twice is fine", async () => {
  for (const url of ["http://nowhere.invalid/", "http://127.0.0.1:9/"]) {
    const fetched = world.opened({ url });
    await expect(fetched.get({ address: "x", signal })).rejects.toMatchObject({
      code: "repository_unreachable",
    });
    await fetched[Symbol.asyncDispose]();
    await fetched[Symbol.asyncDispose]();
  }
});

test("a stop ends a fetch amid its wait for the server, with the caller's own reason", async () => {
  world.origin.always = say({ silent: true });
  await using fetched = world.opened({ stall: { ms: 60_000, bytesPerSecond: 1 } });
  const stop = new AbortController();
  const fetching = fetchFile(world.wanted({ origins: [fetched], signal: stop.signal }));
  await expect.poll(() => world.origin.requests.length).toBe(1);
  stop.abort(new Error("stop"));
  await expect(fetching).rejects.toThrow("stop");
  expect((await stat(world.part)).size).toBe(0);
});
