import { expect, test, vi } from "vitest";
import { createMetadataFetcher } from "#edge/trust/metadata-fetcher.ts";
import { addFamily } from "#test/support/edge/family.ts";
import { coded } from "#test/support/edge/memory-disk.ts";
import { type SimpleAnswer, simulateRepository } from "#test/support/edge/simulated-repository.ts";
import { trustingDevice } from "#test/support/edge/trusting-device.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const ours = { "tradewind-edge": "1" };
const page = { "content-type": "text/html; charset=utf-8" };
const html = Buffer.from("<html>Welcome to the hotel</html>");

const answers: readonly (readonly [string, string, SimpleAnswer])[] = [
  ["a portal's page", "network_captive", { status: 200, headers: page, body: html }],
  [
    "a page that claims to be the gateway's",
    "network_captive",
    { status: 200, headers: { ...page, ...ours }, body: html },
  ],
  ["a list without the gateway's mark", "network_captive", { status: 200, body: Buffer.from("{}") }],
  ["a 404 without the gateway's mark", "network_captive", { status: 404 }],
  ["a way elsewhere", "network_captive", { status: 302, headers: { location: "http://portal.example/" } }],
  ["a demand to sign in", "network_captive", { status: 511, headers: page, body: html }],
  ["a refusal", "repository_unreachable", { status: 403, headers: ours }],
  ["a refusal for want of a proof", "repository_unreachable", { status: 401, headers: ours }],
  ["too much asked", "repository_unreachable", { status: 429, headers: ours }],
  ["a failing gateway", "repository_unreachable", { status: 500, headers: ours }],
  [
    "a balancer before a gateway that is away",
    "repository_unreachable",
    { status: 503, headers: page, body: html },
  ],
  ["a part", "repository_unreachable", { status: 206, headers: ours, body: Buffer.from("{") }],
  [
    "a length beyond all bounds",
    "repository_refused",
    { status: 200, headers: { ...ours, "content-length": "99999999" } },
  ],
  ["what is no JSON", "repository_refused", { status: 200, headers: ours, body: Buffer.from("not a list") }],
  [
    "what is no text",
    "repository_refused",
    { status: 200, headers: ours, body: Buffer.from([0xff, 0xfe, 0]) },
  ],
];

test.each(
  answers.flatMap((answer) => ["2.root.json", "timestamp.json"].map((name) => [...answer, name] as const)),
)("%s is %s, and changes nothing", async (_, code, answer, name) => {
  const repo = simulateRepository();
  addFamily(repo).publish();
  const device = await trustingDevice(repo);
  await device.refresh();
  const { state } = device.state;
  const instead = (address: string) => (address === `metadata/${name}` ? answer : undefined);
  const behind = await device.again({ origins: [repo.origin({ instead })] });
  expect(await behind.refresh()).toBe(code);
  expect(behind.state.state).toEqual(state);
  expect(behind.trust.list()).toEqual(device.trust.list());
});

test("a proxy's 403 to the next root does not hide that keys were changed", async () => {
  const repo = simulateRepository();
  const device = await trustingDevice(repo);
  await device.refresh();
  repo.rotateKeys("timestamp");
  repo.publish("root");
  const instead = (address: string) =>
    address.endsWith("2.root.json") ? { status: 403, headers: ours } : undefined;
  const behind = await device.again({ origins: [repo.origin({ instead })] });
  expect(await behind.refresh()).toBe("repository_unreachable");
});

test("a mirror's own 404 page says that a list is not there", async () => {
  const repo = simulateRepository();
  const instead = (address: string) =>
    address.endsWith("2.root.json") ? { status: 404, headers: page, body: html } : undefined;
  const mirror = { ...repo.origin({ instead }), isGateway: false };
  expect(await (await trustingDevice(repo, { origins: [mirror] })).refresh()).toBe("held");
});

test("a line that cannot be had is unreachable, and the operator reads which", async () => {
  const repo = simulateRepository();
  const gone = {
    ...repo.origin(),
    name: "https://gateway",
    get: () => Promise.reject(coded("ECONNREFUSED", "")),
  };
  const { trust } = await trustingDevice(repo, { origins: [gone] });
  const refreshed = trust.refresh({ signal: new AbortController().signal });
  await expect(refreshed).rejects.toMatchObject({
    code: "repository_unreachable",
    message: "https://gateway did not bring 2.root.json",
  });
});

test.each([1, 30])("a line that drips %i bytes a second is given up after half a minute", async (bytes) => {
  const repo = simulateRepository();
  const clock = createFakeClock();
  const drip = async function* (signal: AbortSignal) {
    for (;;) {
      await clock.sleep(1_000, { signal });
      yield Buffer.alloc(bytes, 0x20);
    }
  };
  let dripped = 0;
  const origin = {
    ...repo.origin(),
    get: async ({ signal }: { signal: AbortSignal }) => ({
      status: 200,
      header: (name: string) => (name === "tradewind-edge" ? "1" : undefined),
      body: (async function* () {
        for await (const piece of drip(signal)) {
          dripped += piece.byteLength;
          yield piece;
        }
      })(),
      leave: () => {},
    }),
  };
  const fetch = createMetadataFetcher({ origin, clock, signal: new AbortController().signal });
  const fetched = fetch("timestamp.json", { maxBytes: 16_384 }).catch((error: unknown) => error);
  let outcome: unknown;
  void fetched.then((error) => {
    outcome = error;
  });
  await vi.waitFor(
    () => {
      clock.advance(1_000);
      expect(outcome).toMatchObject({ code: "repository_unreachable" });
    },
    { interval: 0, timeout: 5_000 },
  );
  expect(dripped).toBeLessThanOrEqual(62 * bytes);
});
