import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createProvider } from "#adapters/static/provider.ts";
import type { LookUp } from "#adapters/static/resolve-places.ts";
import { settings } from "#adapters/static/settings.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { noHurry } from "#test/support/ask-backend.ts";
import { startFakeBackend } from "#test/support/fake-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const surroundings = {
  clock: createFakeClock(),
  chance: systemChance,
  env: { TOKEN: "t0ken", KEY: "a-key-of-24-characters!!" },
};

const open = async (given: object, lookUp?: LookUp) => {
  const parsed = settings.parse({ kind: "static", ...given });
  const provider = await createProvider(parsed, surroundings, lookUp ? { lookUp } : {});
  onTestFinished(async () => {
    await provider.close();
    await provider.close();
  });
  return {
    provider,
    urls: async () => (await provider.discover({ signal: noHurry() })).map(({ url }) => url),
  };
};

/** A name server that is asked for one name, and answers or fails as it is told. */
const nameServer = () => {
  const state: { answer: readonly string[] | Error; asked: string[] } = { answer: [], asked: [] };
  const lookUp: LookUp = async (host) => {
    state.asked.push(host);
    if (state.answer instanceof Error) throw state.answer;
    return state.answer;
  };
  return { state, lookUp };
};

const coded = (code: string): Error => Object.assign(new Error(code), { code });

/** What was published while a test ran. */
const skipped = () => {
  const events: string[] = [];
  onTestFinished(sideConcernSkipped.subscribe(({ what, detail }) => events.push(`${what}: ${detail}`)));
  return events;
};

test("addresses that never move are never asked for again", async () => {
  const { provider, urls } = await open({ urls: ["http://a:1", "http://b:1/base"] });
  expect(provider.rediscoverMs).toBeUndefined();
  expect(await urls()).toEqual(["http://a:1", "http://b:1/base"]);
});

test("each address that a name has is a backend of its own, which keeps its client while it is there", async () => {
  const { state, lookUp } = nameServer();
  const given = { urls: ["https://detector.internal:8443/base"], resolve: "dns", rediscover: "5s" };
  const { provider, urls } = await open(given, lookUp);
  expect(provider.rediscoverMs).toBe(5_000);
  state.answer = ["10.0.0.2", "10.0.0.1", "fd00::1", "10.0.0.1"];
  const before = await provider.discover({ signal: noHurry() });
  expect(before.map(({ url, name }) => `${url} ${name}`)).toEqual([
    "https://10.0.0.1:8443/base 10.0.0.1-8443-base",
    "https://10.0.0.2:8443/base 10.0.0.2-8443-base",
    "https://[fd00::1]:8443/base fd00-1-8443-base",
  ]);
  state.answer = ["10.0.0.3", "10.0.0.2"];
  const after = await provider.discover({ signal: noHurry() });
  expect(after.map(({ url }) => url)).toEqual(["https://10.0.0.2:8443/base", "https://10.0.0.3:8443/base"]);
  expect(after[0]?.client).toBe(before[1]?.client);
  expect(state.asked).toEqual(["detector.internal", "detector.internal"]);
  state.answer = [];
  expect(await urls()).toEqual([]);
});

test("a name that several addresses share is asked for once, and a number is asked for never", async () => {
  const { state, lookUp } = nameServer();
  state.answer = ["10.0.0.1"];
  const given = ["http://d:1", "http://d:2", "http://10.9.9.9:3", "http://[fd00::9]:4"];
  const { urls } = await open({ urls: given, resolve: "dns" }, lookUp);
  expect(await urls()).toEqual([
    "http://10.0.0.1:1",
    "http://10.0.0.1:2",
    "http://10.9.9.9:3",
    "http://[fd00::9]:4",
  ]);
  expect(state.asked).toEqual(["d"]);
});

test("a name server that is silent changes nothing, and is told of", async () => {
  const events = skipped();
  const { state, lookUp } = nameServer();
  const { urls } = await open({ urls: ["http://d:1"], resolve: "dns" }, lookUp);
  state.answer = coded("EAI_AGAIN");
  await expect(urls()).rejects.toMatchObject({ code: "provider_unavailable" });
  state.answer = ["10.0.0.1"];
  expect(await urls()).toEqual(["http://10.0.0.1:1"]);
  state.answer = coded("EAI_AGAIN");
  expect(await urls()).toEqual(["http://10.0.0.1:1"]);
  expect(events).toEqual(["finding backends: d", "finding backends: d"]);
});

test("a name that means nothing any more has no backends", async () => {
  const events = skipped();
  const { state, lookUp } = nameServer();
  const { urls } = await open({ urls: ["http://d:1"], resolve: "dns" }, lookUp);
  state.answer = ["10.0.0.1"];
  await urls();
  state.answer = coded("ENOTFOUND");
  expect(await urls()).toEqual([]);
  expect(events).toEqual(["finding backends: d"]);
});

test("a name server that never answers is waited for until nobody waits any more", async () => {
  const { provider } = await open({ urls: ["http://d:1"], resolve: "dns" }, () => new Promise(() => {}));
  const asked = new AbortController();
  const discovering = provider.discover({ signal: asked.signal });
  asked.abort(new Error("nobody waits"));
  await expect(discovering).rejects.toThrow("nobody waits");
});

test("a service with more addresses than a service has is cut", async () => {
  const lookUp: LookUp = async () => Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const { urls } = await open({ urls: ["http://d:1"], resolve: "dns" }, lookUp);
  expect(await urls()).toHaveLength(256);
});

test("calls go where the name leads and are still for the name", async () => {
  await using backend = await startFakeBackend();
  const { port } = new URL(backend.url);
  const given = { urls: [`http://detector.internal:${port}`], resolve: "dns" };
  const { provider } = await open(given, async () => ["127.0.0.1"]);
  const [endpoint] = await provider.discover({ signal: noHurry() });
  expect(endpoint?.url).toBe(backend.url);
  await endpoint?.client.describe("digits-s", { signal: noHurry() });
  expect(backend.requests[0]?.headers.host).toBe(`detector.internal:${port}`);
});

test("tokens and signatures go with each call", async () => {
  await using backend = await startFakeBackend();
  const sign = { secret: { env: "KEY" } };
  const { provider } = await open({ urls: [backend.url], bearer: { env: "TOKEN" }, sign });
  expect(provider.rediscoverMs).toBeUndefined();
  const [endpoint] = await provider.discover({ signal: noHurry() });
  await endpoint?.client.describe("digits-s", { signal: noHurry() });
  expect(backend.requests[0]?.headers).toMatchObject({
    authorization: "Bearer t0ken",
    "tradewind-signature": expect.stringMatching(/^v1 /),
  });
});

test("a team's own server gets the headers that it wants, secrets among them", async () => {
  await using backend = await startFakeBackend();
  const headers = { "x-team": "vision", "x-api-key": { env: "KEY" } };
  const answer = { score: "s", class: "c", box: "b" };
  const rest = { path: "/predict", health: "/ready", names: ["cat"], headers, answer };
  const { provider } = await open({ urls: [backend.url], wire: "rest", rest, bearer: { env: "TOKEN" } });
  const [endpoint] = await provider.discover({ signal: noHurry() });
  expect((await endpoint?.client.describe("pets", { signal: noHurry() }))?.names).toEqual(["cat"]);
  expect(backend.requests[0]?.url).toBe("/ready");
  expect(backend.requests[0]?.headers).toMatchObject({
    "x-team": "vision",
    "x-api-key": "a-key-of-24-characters!!",
    authorization: "Bearer t0ken",
  });
});

test("a token in a file is read again, and one that cannot be read is used on", async () => {
  const events = skipped();
  const folder = await mkdtemp(join(tmpdir(), "tradewind-static-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "token");
  await writeFile(file, "first\n");
  await using backend = await startFakeBackend();
  const { provider } = await open({ urls: [backend.url], bearer: { file } });
  expect(provider.rediscoverMs).toBe(60_000);
  const sent = async () => {
    const [endpoint] = await provider.discover({ signal: noHurry() });
    await endpoint?.client.describe("digits-s", { signal: noHurry() });
    return backend.requests.at(-1)?.headers.authorization;
  };
  expect(await sent()).toBe("Bearer first");
  await writeFile(file, "second");
  expect(await sent()).toBe("Bearer second");
  await rm(file);
  expect(await sent()).toBe("Bearer second");
  expect(events).toEqual([`reading a secret again: ${file}`]);
});

test("without its secrets a provider is not opened", async () => {
  const short = { ...surroundings, env: { KEY: "short" } };
  const given = settings.parse({ kind: "static", urls: ["http://a"], sign: { secret: { env: "KEY" } } });
  await expect(createProvider(given, short)).rejects.toMatchObject({ code: "config_invalid" });
  await expect(open({ urls: ["http://a"], bearer: { env: "NOT_SET" } })).rejects.toThrow(
    "the variable NOT_SET holds no secret",
  );
});
