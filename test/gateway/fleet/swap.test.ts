import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Directory } from "#gateway/fleet/directory.ts";
import type { Served } from "#gateway/fleet/raise-fleet.ts";
import type { Backend, Route } from "#gateway/fleet/snapshot.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { type FakeBackend, startFakeBackend } from "#test/support/fake-backend.ts";
import { configText, openLiveFleetWorld } from "#test/support/live-fleet.ts";
import { seededRandom } from "#test/support/random.ts";

const stack = new AsyncDisposableStack();
let third: FakeBackend;
beforeAll(async () => {
  third = stack.use(await startFakeBackend());
});
afterAll(() => stack.disposeAsync());

const routeOf = ({ fleet }: Pick<Served, "fleet">): Route => fleet.routes.get("digits-s") as Route;
const urlsOf = (served: Pick<Served, "fleet">): string[] => routeOf(served).backends.map(({ url }) => url);

/** The longest that a request of a configuration that says nothing of limits can take, and some seconds. */
const longest = 30_000 + 30_000 + 5_000;

test("a provider whose settings stay is not opened again, whatever else changes and in whatever order", async () => {
  await using world = await openLiveFleetWorld({
    begin: ([a = ""]) => ({ text: configText({ kept: { urls: [a], usdPerRequest: 1 } }), version: 1 }),
  });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const before = routeOf(world.live.current()).backends[0];
  const kept = { usdPerRequest: 1, urls: [a.url] };
  await world.live.replace({ text: configText({ kept, added: b.url }), version: 2 });
  const after = routeOf(world.live.current()).backends[0];
  expect(after?.client).toBe(before?.client);
  expect(urlsOf(world.live.current())).toEqual([a.url, b.url]);
  expect(world.providers.openNow()).toEqual(["kept", "added"]);
  expect(world.live.current()).toMatchObject({ version: 2, waitsForRestart: [] });
});

test("providers are opened with the time, the chance and the environment of their process", async () => {
  const env = { A_SECRET: "of this process" };
  await using world = await openLiveFleetWorld({
    env,
    begin: ([a = ""]) => ({ text: configText({ first: a }) }),
  });
  expect(world.providers.surroundings()).toEqual({ clock: world.clock, chance: systemChance, env });
  await world.live.replace({ text: configText({ second: world.backends[1]?.url ?? "" }) });
  expect(world.providers.surroundings()?.env).toBe(env);
});

test("what a configuration no longer names stays open for the longest request, then closes", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [, b] = world.backends as [FakeBackend, FakeBackend];
  await world.live.replace({ text: configText({ second: b.url }) });
  expect(world.providers.openNow()).toEqual(["first", "second"]);
  world.clock.advance(longest - 1);
  await world.live.replace({ text: configText({ second: b.url, more: third.url }) });
  expect(world.providers.openNow()).toEqual(["first", "second", "more"]);
  world.clock.advance(1);
  await vi.waitFor(() => expect(world.providers.openNow()).toEqual(["second", "more"]));
});

test("a provider that comes back while its last configuration drains is the one that is open still", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  await world.live.replace({ text: configText({ second: b.url }) });
  await world.live.replace({ text: configText({ first: a.url }) });
  expect(world.providers.opened()).toBe(2);
  world.clock.advance(longest);
  await vi.waitFor(() => expect(world.providers.openNow()).toEqual(["first"]));
});

test("a change of something else is no start: what a route has learned of waking and copies stays", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const { pool, tensors } = routeOf(world.live.current());
  for (const { retries, waking } of [pool, tensors]) {
    while (retries.take());
    waking.lackUsd = 0.125;
  }
  await world.live.replace({ text: configText({ second: b.url, first: a.url }) });
  const route = routeOf(world.live.current());
  for (const { retries, waking } of [route.pool, route.tensors])
    expect({ tokens: retries.tokens < 1, lackUsd: waking.lackUsd }).toEqual({ tokens: true, lackUsd: 0.125 });
});

test("a request that began before a change is answered by the backends of its beginning", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const route = routeOf({ fleet: world.live.fleet() });
  await world.live.replace({ text: configText({ second: b.url }) });
  const answer = await ask(route, world.live.directory);
  expect(answer).toBe(a.url);
  expect(await ask(routeOf(world.live.current()), world.live.directory)).toBe(b.url);
});

test.each([
  ["is no YAML", "models: [", ":1:"],
  ["names a provider that is none", configText({ there: { kind: "moon" } }), 'unknown kind "moon"'],
  ["leaves out what a cloud needs", configText({ there: { kind: "ecs", region: "r" } }), "there.service"],
  ["has a key that nobody knows", configText({ there: "http://127.0.0.1:1" }, { speed: 1 }), '"speed"'],
])("a text that %s changes nothing, and says why", async (_, text, why) => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const before = world.live.current();
  await expect(world.live.check(text)).rejects.toThrow(why);
  await expect(world.live.replace({ text, version: 7 })).rejects.toThrow(why);
  expect(world.live.current()).toBe(before);
  expect(world.providers.openNow()).toEqual(["first"]);
  expect(await ask(routeOf(before), world.live.directory)).toBe(world.backends[0]?.url);
});

test("a check opens nothing for good", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const config = await world.live.check(configText({ first: a.url, second: b.url }));
  expect(Object.keys(config.providers)).toEqual(["first", "second"]);
  expect(world.providers.openNow()).toEqual(["first"]);
});

test("what is known of a backend outlives every configuration that names it, and no longer", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const [first] = world.known.all();
  await world.live.check(configText({ first: { urls: [a.url], usdPerRequest: 9 } }));
  await world.live.replace({ text: configText({ first: a.url, second: b.url }) });
  expect(world.known.all()[0]).toBe(first);
  await world.live.replace({ text: configText({ second: b.url }) });
  expect(world.known.all().map(({ name }) => name)).toEqual(["first", "second"]);
  world.clock.advance(longest);
  await vi.waitFor(() => expect(world.known.all().map(({ name }) => name)).toEqual(["second"]));
});

test("a provider that cannot be closed is told of, and the next configuration is served all the same", async () => {
  const world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const told: unknown[] = [];
  using unheard = new DisposableStack();
  unheard.defer(sideConcernSkipped.subscribe(({ what, error }) => told.push(`${what}: ${error}`)));
  world.providers.fail();
  await world.live.replace({ text: configText({ second: b.url }) });
  world.clock.advance(longest);
  const cannot = "following the configuration: Error: it cannot be closed";
  await vi.waitFor(() => expect(told).toContain(cannot));
  await world.live.replace({ text: configText({ third: a.url }) });
  expect(urlsOf(world.live.current())).toEqual([a.url]);
  await expect(world[Symbol.asyncDispose]()).rejects.toThrow("it cannot be closed");
});

test("the same text under another version is that version, and nothing is opened or asked", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const asked = world.backends[0]?.requests.length;
  const { fleet } = world.live.current();
  const served = await world.live.replace({
    text: configText({ first: world.backends[0]?.url ?? "" }),
    version: 9,
  });
  expect(served.version).toBe(9);
  expect(served.fleet).toBe(fleet);
  expect(world.backends[0]?.requests.length).toBe(asked);
});

test("chapters that a running process cannot change are named, until they are as it began", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a] = world.backends as [FakeBackend];
  const more = { limits: { inFlight: 7 }, cacheMemory: "1MiB", workers: 1 };
  const changed = await world.live.replace({ text: configText({ first: a.url }, more) });
  expect(changed.waitsForRestart.toSorted()).toEqual(["cacheMemory", "limits"]);
  const back = await world.live.replace({ text: configText({ first: a.url }, { workers: 1 }) });
  expect(back.waitsForRestart).toEqual([]);
});

test("a backend that is too busy for the first question after a change is still known", async () => {
  let busy = false;
  await using slow = await startFakeBackend({
    describe: (_, response) => {
      const body = { name: "digits-s", versions: ["3"], platform: "x", inputs: [], outputs: [], parameters };
      if (busy) response.writeHead(503).end();
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    },
  });
  await using world = await openLiveFleetWorld({ begin: () => ({ text: configText({ slow: slow.url }) }) });
  busy = true;
  await world.live.replace({ text: configText({ slow: slow.url, other: third.url }) });
  const [backend] = routeOf(world.live.current()).backends;
  const known = () => backend && world.live.directory.find(backend, "digits-s");
  expect(known()?.version).toBe("3");
  await vi.waitFor(() => {
    world.clock.advance(1_000);
    expect(known()).toBeUndefined();
  });
});

const parameters = {
  names: '["zero"]',
  task: "detect",
  precision: "fp32",
  input_width: 32,
  input_height: 32,
};

test("changes that come at once are served one after the other, and the last one stays", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [a, b] = world.backends as [FakeBackend, FakeBackend];
  const texts = [configText({ second: b.url }), "nothing", configText({ third: a.url })];
  const done = await Promise.allSettled(texts.map((text, n) => world.live.replace({ text, version: n + 2 })));
  expect(done.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(world.live.current()).toMatchObject({ version: 4 });
});

test("a live fleet that is closed twice closes every provider once and takes nothing any more", async () => {
  const world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ first: a }) }) });
  const [, b] = world.backends as [FakeBackend, FakeBackend];
  await world.live.replace({ text: configText({ second: b.url }) });
  await Promise.all([world.live.close(), world.live.close()]);
  expect(world.providers.openNow()).toEqual([]);
  await expect(world.live.replace({ text: "" })).rejects.toThrow("takes no configuration any more");
  await world[Symbol.asyncDispose]();
});

/** Each configuration has backends of its own, so an answer says which one it is of. */
test("however changes and requests cross, each request sees the backends of one configuration alone", async () => {
  const random = seededRandom(20_261_121);
  await using world = await openLiveFleetWorld({
    backends: 6,
    begin: ([a = "", b = ""]) => ({ text: configText({ p0: a, p1: b }), version: 1 }),
  });
  const urls = world.backends.map(({ url }) => url);
  const pairs = [urls.slice(0, 2), urls.slice(2, 4), urls.slice(4, 6)];
  const requests: Promise<void>[] = [];
  for (let version = 2; version < 40; version += 1) {
    const pair = pairs[version % 3] ?? [];
    const swap = world.live.replace({ text: configText({ [`p${version % 3}`]: { urls: pair } }), version });
    for (let n = random.integer(0, 3); n > 0; n -= 1) requests.push(request(random.integer(0, 3)));
    if (random.chance(0.7)) await swap;
    // Less in all than the longest request: whatever was begun may still be under way.
    world.clock.advance(random.integer(0, 900));
  }
  await Promise.all(requests);
  expect(requests.length).toBeGreaterThan(30);

  async function request(waits: number): Promise<void> {
    const route = routeOf({ fleet: world.live.fleet() });
    const own = route.backends.map(({ url }) => url);
    for (let n = 0; n < waits; n += 1) await new Promise((resolve) => setImmediate(resolve));
    const known = knownOf(route, world.live.directory).map(({ url }) => url);
    expect(known).toEqual(own);
    expect(own).toContain(await ask(route, world.live.directory));
    expect(pairs).toContainEqual(own);
  }
});

/** Who of a route is known to have its model. */
function knownOf({ backends, model }: Route, directory: Pick<Directory, "find">): Backend[] {
  return backends.filter((backend) => directory.find(backend, model));
}

/** Sends an image to the first of them, and says where it was answered. */
async function ask(route: Route, directory: Pick<Directory, "find">): Promise<string | undefined> {
  const [backend] = knownOf(route, directory);
  const model = backend && directory.find(backend, route.model);
  if (!model) return undefined;
  const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };
  await backend.client.detect({
    model,
    image: [new Uint8Array([1])],
    options,
    signal: AbortSignal.timeout(5_000),
  });
  return backend.url;
}

test("a backend that rests may be tried again as soon as it answers what it is asked beside the path", async () => {
  await using world = await openLiveFleetWorld({ begin: ([a = ""]) => ({ text: configText({ there: a }) }) });
  const { live, clock } = world;
  const breaker = routeOf(live.current()).pool.lanes[0]?.standing.breaker;
  for (let n = 0; n < 3; n += 1) breaker?.failed(clock.elapsed());
  const endsAt = breaker?.restsUntil ?? 0;
  expect(endsAt).toBeGreaterThan(clock.elapsed() + 1_900);
  clock.advance(1_000);
  await vi.waitFor(() => expect(breaker?.isResting(clock.elapsed())).toBe(false));
  expect(clock.elapsed()).toBeLessThan(endsAt);
});
