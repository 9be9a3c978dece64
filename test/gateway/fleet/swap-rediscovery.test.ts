import { expect, test, vi } from "vitest";
import type { Served } from "#gateway/fleet/raise-fleet.ts";
import type { Route } from "#gateway/fleet/snapshot.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { type ChangingProvider, createChangingProvider } from "#test/support/changing-provider.ts";
import { type FakeBackend, startFakeBackend } from "#test/support/fake-backend.ts";
import { configText, type LiveFleetWorld, openLiveFleetWorld } from "#test/support/live-fleet.ts";
import { seededRandom } from "#test/support/random.ts";

const routeOf = ({ fleet }: Pick<Served, "fleet">): Route => fleet.routes.get("digits-s") as Route;
const settled = () => new Promise((resolve) => setImmediate(resolve));
const longest = 30_000 + 30_000 + 5_000;

type World = LiveFleetWorld & {
  readonly cloud: ChangingProvider;
  /** Addresses of the backends that there are, by a letter each. */
  readonly at: (letters: string) => readonly { readonly url: string; readonly name: string }[];
  readonly names: () => string[];
  readonly known: LiveFleetWorld["known"];
};

type WorldOptions = { readonly beside?: boolean; readonly rediscoverMs?: number };

/** A live fleet over a cloud whose backends come and go, beside one that stays where the test wants one. */
async function openWorld(
  begin: string | Error,
  { beside = false, rediscoverMs }: WorldOptions = {},
): Promise<World> {
  const backends = await Promise.all(Array.from({ length: 4 }, () => startFakeBackend()));
  const at = (letters: string) =>
    [...letters].map((name) => ({ name, url: backends["abcd".indexOf(name)]?.url ?? "" }));
  const cloud = createChangingProvider(typeof begin === "string" ? at(begin) : begin, rediscoverMs);
  const text = ([ours = ""]: readonly string[]) =>
    configText({ cloud: "http://127.0.0.1:1", ...(beside && { ours }) });
  const world = await openLiveFleetWorld({
    backends: 1,
    instead: { cloud },
    begin: (urls) => ({ text: text(urls), version: 1 }),
  });
  return {
    ...world,
    ...{ cloud, at },
    names: () => routeOf(world.live.current()).backends.map(({ name }) => name),
    [Symbol.asyncDispose]: async () => {
      await world[Symbol.asyncDispose]();
      await cloud[Symbol.asyncDispose]();
      await Promise.all(backends.map((backend: FakeBackend) => backend[Symbol.asyncDispose]()));
    },
  };
}

async function turn({ clock }: Pick<World, "clock">, ms: number): Promise<void> {
  await settled();
  clock.advance(ms);
  await settled();
}

test("backends that come and go are taken over on the provider's beat, and what is known of others stays", async () => {
  await using world = await openWorld("ab");
  const { live, cloud, at } = world;
  const before = live.current();
  const [, b] = routeOf(before).pool.lanes;
  for (let n = 0; n < 3; n += 1) b?.standing.breaker.failed(world.clock.elapsed());
  cloud.say(at("bc"));
  await turn(world, 5_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/b", "cloud/c"]));
  const after = live.current();
  expect(after).toMatchObject({
    version: 1,
    sha256: before.sha256,
    since: before.since,
    config: before.config,
  });
  expect(routeOf(after).pool.lanes[0]?.standing).toBe(b?.standing);
  expect(routeOf(after).backends[0]?.client).toBe(routeOf(before).backends[1]?.client);
  for (const backend of routeOf(after).backends)
    expect(live.directory.find(backend, "digits-s")?.name).toBe("digits-s");
});

test("a request that began before the backends changed still knows the one that it holds", async () => {
  await using world = await openWorld("a");
  const [a] = routeOf({ fleet: world.live.fleet() }).backends;
  world.cloud.say(world.at("b"));
  await turn(world, 5_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/b"]));
  const model = a && world.live.directory.find(a, "digits-s");
  if (!model) throw new Error("it is not known any more");
  const call = { image: [new Uint8Array([1])], options: { conf: 0.25, iou: 0.7, maxDetections: 300 } };
  const answer = await a.client.detect({ model, ...call, signal: AbortSignal.timeout(5_000) });
  expect(answer.detections).toHaveLength(1);
});

test("of a backend that has gone everything is forgotten when no request can hold it any more", async () => {
  await using world = await openWorld("ab");
  world.cloud.say(world.at("b"));
  await turn(world, 5_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/b"]));
  expect(world.known.all().map(({ name }) => name)).toEqual(["cloud/a", "cloud/b"]);
  world.clock.advance(longest);
  await vi.waitFor(() => expect(world.known.all().map(({ name }) => name)).toEqual(["cloud/b"]));
});

test("a new task at an address that another had is a stranger", async () => {
  await using world = await openWorld("a");
  const [was] = world.known.all();
  world.cloud.say(world.at("a").map((address) => ({ ...address, name: "next" })));
  await turn(world, 5_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/next"]));
  expect(routeOf(world.live.current()).pool.lanes[0]?.standing).not.toBe(was);
});

test("however often backends come and go, the fleet is exchanged once a second at most", async () => {
  await using world = await openWorld("a", { rediscoverMs: 500 });
  const fleets = new Set([world.live.fleet()]);
  for (let ms = 0; ms < 10_000; ms += 250) {
    world.cloud.say(world.at("abcd"[(ms / 250) % 4] ?? "a"));
    await turn(world, 250);
    for (let n = 0; n < 20; n += 1) await settled();
    fleets.add(world.live.fleet());
  }
  expect(world.cloud.asked()).toBeGreaterThan(15);
  expect(fleets.size).toBeGreaterThan(2);
  expect(fleets.size).toBeLessThanOrEqual(12);
});

test("a cloud that cannot be asked at the start keeps nobody from starting, and joins when it answers", async () => {
  const told: string[] = [];
  using unheard = new DisposableStack();
  unheard.defer(sideConcernSkipped.subscribe(({ what, detail }) => told.push(`${what}: ${detail}`)));
  await using world = await openWorld(new Error("no credentials"), { beside: true });
  expect(world.names()).toEqual(["ours"]);
  expect(told).toContain("finding backends: cloud");
  expect(world.live.directory.useful()).toBe(true);
  world.cloud.say(world.at("ab"));
  await turn(world, 2_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/a", "cloud/b", "ours"]));
});

test("where nobody is found at all a gateway starts and is of no use until somebody is", async () => {
  await using world = await openWorld(new Error("no credentials"));
  expect([world.names(), world.live.directory.useful()]).toEqual([[], false]);
  world.cloud.say(world.at("a"));
  await turn(world, 2_000);
  await vi.waitFor(() => expect(world.live.directory.useful()).toBe(true));
});

test("a change whose new provider cannot be asked is not taken where nobody else would be left", async () => {
  await using world = await openWorld("a", { beside: true });
  const [backend] = world.backends;
  await world.live.replace({ text: configText({ ours: backend?.url ?? "" }), version: 2 });
  const before = world.live.current();
  world.cloud.say(new Error("no such cluster"));
  const alone = configText({ cloud: "http://127.0.0.1:2" });
  await expect(world.live.replace({ text: alone, version: 3 })).rejects.toThrow("no such cluster");
  expect(world.live.current()).toBe(before);
  const both = configText({ ours: backend?.url ?? "", cloud: "http://127.0.0.1:2" });
  expect(await world.live.replace({ text: both, version: 4 })).toMatchObject({ version: 4 });
  expect(world.names()).toEqual(["ours"]);
});

test("a change of something else is not held up by a cloud that says nothing any more", async () => {
  await using world = await openWorld("ab");
  world.cloud.say("nothing");
  await turn(world, 5_000);
  const text = configText({ cloud: "http://127.0.0.1:1" }, { gateways: 2 });
  await world.live.replace({ text, version: 2 });
  expect(world.names()).toEqual(["cloud/a", "cloud/b"]);
});

test("of a model whose last backend has gone it is still known what it is, since its answers are in the cache", async () => {
  await using world = await openWorld("a");
  world.cloud.say([]);
  await turn(world, 5_000);
  await vi.waitFor(() => expect(world.names()).toEqual([]));
  expect(world.live.directory.useful()).toBe(false);
  expect(world.live.directory.lastHeard("digits-s")?.name).toBe("digits-s");
  expect(world.live.directory.lastHeard("another")).toBeUndefined();
});

test("a provider that is refused is not opened anew for it, nor when it is back", async () => {
  await using world = await openWorld("ab");
  const opened = world.providers.opened();
  const refuseUntil = new Date(1_700_000_000_000 + 60_000).toISOString();
  const urls = ["http://127.0.0.1:1"];
  await world.live.replace({ text: configText({ cloud: { urls, refuseUntil } }), version: 2 });
  expect(world.names()).toEqual([]);
  world.cloud.say(new Error("away"));
  await world.live.replace({ text: configText({ cloud: { urls } }), version: 3 });
  expect(world.names()).toEqual(["cloud/a", "cloud/b"]);
  expect(world.providers.opened()).toBe(opened);
});

test("a provider that is refused for a while comes back by itself, with what was known of it", async () => {
  const startAt = 1_700_000_000_000;
  const refuseUntil = (ms: number) => new Date(startAt + ms).toISOString();
  await using world = await openWorld("ab", { beside: true });
  const [a] = routeOf(world.live.current()).pool.lanes;
  const lost = { urls: ["http://127.0.0.1:1"], refuseUntil: refuseUntil(300_000) };
  const [backend] = world.backends;
  const text = configText({ cloud: lost, ours: backend?.url ?? "" });
  await world.live.replace({ text, version: 2 });
  expect(world.names()).toEqual(["ours"]);
  // Longer than what it replaced drains: what is refused is not forgotten for it.
  await turn(world, longest);
  await turn(world, 0);
  expect(world.names()).toEqual(["ours"]);
  world.cloud.say(world.at("ac"));
  await turn(world, 5_000);
  await turn(world, 300_000 - longest - 5_000 - 1);
  expect(world.names()).toEqual(["ours"]);
  await turn(world, 1_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/a", "cloud/c", "ours"]));
  expect(routeOf(world.live.current()).pool.lanes[0]?.standing).toBe(a?.standing);
});

test("however backends, configurations and refusals change and cross, in the end everything is as it was last said", async () => {
  const random = seededRandom(6_1121);
  await using world = await openWorld("a", { beside: true, rediscoverMs: 500 });
  const [{ url: ours = "" } = {}] = world.backends;
  const urls = ["http://127.0.0.1:1"];
  const texts = (): readonly string[] => [
    configText({ cloud: { urls }, ours }),
    configText({ cloud: { urls } }),
    configText({ ours }),
    configText({ cloud: { urls, refuseUntil: new Date(world.clock.now() + 2_000).toISOString() }, ours }),
  ];
  const changes: Promise<unknown>[] = [];
  for (let step = 0; step < 120; step += 1) {
    const letters = [..."abcd"].filter(() => random.chance(0.5)).join("");
    world.cloud.say(random.chance(0.2) ? new Error("away") : world.at(letters));
    if (random.chance(0.3)) changes.push(world.live.replace({ text: texts()[random.integer(0, 3)] ?? "" }));
    await turn(world, random.integer(0, 800));
    const route = routeOf(world.live.current());
    expect(route.pool.lanes.map(({ standing }) => standing.name)).toEqual(world.names());
    expect(new Set(world.names()).size).toBe(world.names().length);
  }
  await Promise.allSettled(changes);
  world.cloud.say(world.at("bd"));
  await world.live.replace({ text: texts()[0] ?? "", version: 9 });
  await vi.waitFor(async () => {
    await turn(world, 1_000);
    expect(world.names()).toEqual(["cloud/b", "cloud/d", "ours"]);
  });
  await turn(world, longest);
  await turn(world, longest);
  await vi.waitFor(() => expect([...world.providers.openNow()].toSorted()).toEqual(["cloud", "ours"]));
  expect(
    world.known
      .all()
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(["cloud/b", "cloud/d", "ours"]);
});

test("a budget does not begin anew with the next task, nor when there was none in between", async () => {
  await using world = await openWorld("a");
  const spent = (): number | undefined => world.known.all()[0]?.spending.spentToday(world.clock.now());
  world.known.all()[0]?.spending.settle(0, 3, world.clock.now());
  world.cloud.say([]);
  await turn(world, 5_000);
  await turn(world, longest);
  await vi.waitFor(() => expect(world.known.all()).toEqual([]));
  world.cloud.say(world.at("b"));
  await turn(world, 5_000);
  await vi.waitFor(() => expect(world.names()).toEqual(["cloud/b"]));
  expect(spent()).toBe(3);
});

test("a fleet that is closed while a cloud says nothing is closed at once, and asks nobody any more", async () => {
  const world = await openWorld("a");
  world.cloud.say("nothing");
  await turn(world, 5_000);
  await world.live.close();
  const asked = world.cloud.asked();
  await turn(world, 60_000);
  expect(world.cloud.asked()).toBe(asked);
  await world[Symbol.asyncDispose]();
});
