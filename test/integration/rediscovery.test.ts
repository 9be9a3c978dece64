import { expect, test } from "vitest";
import type { Provider } from "#adapters/provider.ts";
import { createKnownBackends } from "#gateway/dispatch/known-backends.ts";
import { type LiveFleet, openLiveFleet } from "#gateway/fleet/swap.ts";
import { systemChance as chance } from "#infra/runtime/chance.ts";
import { systemClock as clock } from "#infra/runtime/clock.ts";
import { type ChangingProvider, createChangingProvider } from "#test/support/changing-provider.ts";
import { type FakeBackend, startFakeBackend } from "#test/support/fake-backend.ts";
import { openGatewayApp } from "#test/support/gateway-app.ts";
import { configText, watchProviders } from "#test/support/live-fleet.ts";

type Cloud = AsyncDisposable & {
  readonly changing: ChangingProvider;
  /** One task more, which the provider names from now on. */
  readonly start: () => Promise<string>;
  /** Named no more; it answers for a while longer, as a task does that is taken off its load balancer first. */
  readonly stop: (name: string) => void;
  /** Gone without a word; the provider still names it. */
  readonly kill: (name: string) => Promise<void>;
  readonly running: () => readonly string[];
  /** That it was sent so far. */
  readonly images: () => number;
};

const stillMs = 1_500;

function openCloud(): Cloud {
  const tasks = new Map<string, FakeBackend>();
  const named = new Map<string, string>();
  const changing = createChangingProvider([], 500);
  const ends: Promise<void>[] = [];
  let started = 0;
  const tell = () => changing.say([...named].map(([name, url]) => ({ name, url })));
  return {
    changing,
    start: async () => {
      started += 1;
      const name = `task-${started}`;
      const backend = await startFakeBackend();
      tasks.set(name, backend);
      named.set(name, backend.url);
      tell();
      return name;
    },
    stop: (name) => {
      named.delete(name);
      tell();
      const task = tasks.get(name);
      tasks.delete(name);
      ends.push(clock.sleep(stillMs).then(() => task?.[Symbol.asyncDispose]()));
    },
    kill: async (name) => {
      await tasks.get(name)?.[Symbol.asyncDispose]();
      tasks.delete(name);
    },
    running: () => [...named.keys()],
    images: () =>
      [...tasks.values()].flatMap(({ requests }) => requests.filter(({ method }) => method === "POST"))
        .length,
    [Symbol.asyncDispose]: async () => {
      await changing[Symbol.asyncDispose]();
      await Promise.all([...ends, ...[...tasks.values()].map((task) => task[Symbol.asyncDispose]())]);
    },
  };
}

/** A whole gateway over a cloud whose tasks come and go. */
async function openWorld(tasks: number) {
  await using opening = new AsyncDisposableStack();
  const cloud = opening.use(openCloud());
  for (let n = 0; n < tasks; n += 1) await cloud.start();
  const known = createKnownBackends({ chance });
  const { discover, rediscoverMs = 500 } = cloud.changing;
  const live: LiveFleet = opening.use(
    await openLiveFleet({
      file: "tradewind.yaml",
      begin: { text: configText({ cloud: believed }, { routes: [{ ...route, ...plainly }] }) },
      ...{ clock, chance, known },
      now: () => clock.now(),
      signal: new AbortController().signal,
      openProviders: async (...asked) => {
        const opened = await watchProviders().open(...asked);
        const cloudOf = (one: Provider): Provider => ({ ...one, discover, rediscoverMs });
        return new Map([...opened].map(([name, one]) => [name, name === "cloud" ? cloudOf(one) : one]));
      },
    }),
  );
  const app = opening.use(await openGatewayApp({ live, route: plainly }));
  const opened = opening.move();
  const names = () =>
    live
      .fleet()
      .routes.get("digits-s")
      ?.backends.map(({ name }) => name) ?? [];
  return { ...{ cloud, live, app, names, known }, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Gateway, tasks and clients share one process, so that its pauses look like slow tasks to one that believes them fast. */
const believed = { urls: ["http://127.0.0.1:1"], prior: { base: "100ms", perInFlight: "20ms" } };

const route = { models: ["digits-s"], failover: [["cloud"]] };

/** Each request is to reach a backend. */
const plainly = { cache: "off", slo: "5s" };

/** A configuration in which the cloud is joined by a backend that stays, and refused for as long as is said. */
function refusing(ours: string, refuseMs: number): string {
  const refuseUntil = new Date(clock.now() + refuseMs).toISOString();
  const cloud = { urls: ["http://127.0.0.1:1"], refuseUntil };
  const routes = [{ ...route, ...plainly, failover: [["cloud"], ["ours"]] }];
  return configText({ cloud, ours }, { routes });
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** Requests one after the other on each of some flows, until it is stopped. */
function openRequests({ app }: World, flows = 8) {
  const failed: string[] = [];
  let [answered, isOpen] = [0, true];
  const flow = async () => {
    while (isOpen) {
      const { status, text } = await app.send();
      if (status === 200) answered += 1;
      else failed.push(`${status} ${text}`);
    }
  };
  const all = Promise.all(Array.from({ length: flows }, flow));
  return {
    answered: () => answered,
    stop: async () => {
      isOpen = false;
      await all;
      return failed;
    },
  };
}

test("while every task of a cloud is replaced several times over, no request fails", async () => {
  await using world = await openWorld(3);
  const { cloud } = world;
  const first = cloud.running();
  const requests = openRequests(world);
  for (let n = 0; n < 12; n += 1) {
    await cloud.start();
    const [oldest = ""] = cloud.running();
    cloud.stop(oldest);
    await clock.sleep(400);
  }
  await expect.poll(world.names, { timeout: 5_000 }).toEqual(cloud.running().map((name) => `cloud/${name}`));
  expect(await requests.stop()).toEqual([]);
  expect(requests.answered()).toBeGreaterThan(200);
  expect(cloud.running().some((name) => first.includes(name))).toBe(false);
});

test("a task that dies without a word fails no request, and one that takes its place is used", async () => {
  await using world = await openWorld(2);
  const { cloud } = world;
  const requests = openRequests(world);
  // So many that a retry is there for each request that is under way at whoever dies.
  const untilAnswered = async (more: number): Promise<void> => {
    const before = requests.answered();
    await expect.poll(requests.answered, { timeout: 10_000 }).toBeGreaterThan(before + more);
  };
  await untilAnswered(150);
  const [doomed = "", other = ""] = cloud.running();
  await cloud.kill(doomed);
  await untilAnswered(50);
  const next = await cloud.start();
  cloud.stop(doomed);
  await expect.poll(world.names, { timeout: 5_000 }).toEqual([`cloud/${other}`, `cloud/${next}`]);
  await untilAnswered(150);
  await cloud.kill(other);
  await untilAnswered(50);
  expect(await requests.stop()).toEqual([]);
});

test("what was learned of a task outlives the coming and going of others", async () => {
  await using world = await openWorld(2);
  const { cloud, known, live } = world;
  const requests = openRequests(world);
  const latency = () => known.latency("cloud/task-1", "digits-s");
  await expect.poll(() => latency().samples).toBeGreaterThan(30);
  const [learned, { samples }] = [latency(), latency()];
  for (let n = 0; n < 3; n += 1) {
    const name = await cloud.start();
    await expect.poll(world.names, { timeout: 5_000 }).toContain(`cloud/${name}`);
  }
  const lane = live.fleet().routes.get("digits-s")?.pool.lanes[0];
  expect(lane?.latency).toBe(learned);
  expect(learned.samples).toBeGreaterThanOrEqual(samples);
  expect(await requests.stop()).toEqual([]);
});

test("a cloud without a task is answered for as one that nobody can ask, until it has one again", async () => {
  await using world = await openWorld(1);
  const [only = ""] = world.cloud.running();
  world.cloud.stop(only);
  await expect.poll(world.names, { timeout: 5_000 }).toEqual([]);
  const { status, body, headers } = await world.app.send();
  expect([status, body.code, headers.get("retry-after")]).toEqual([503, "backend_none", expect.anything()]);
  expect((await world.app.send({ path: "/readyz", method: "GET" })).status).toBe(503);
  await world.cloud.start();
  await expect.poll(world.names, { timeout: 5_000 }).toEqual(["cloud/task-2"]);
  expect((await world.app.send()).status).toBe(200);
});

test("a cloud that is refused for a while gets nothing, no request fails, and it is back at its time", async () => {
  await using world = await openWorld(2);
  await using ours = await startFakeBackend();
  const requests = openRequests(world, 4);
  // So many that a retry is there for each request that is under way at it.
  await expect.poll(requests.answered, { timeout: 10_000 }).toBeGreaterThan(150);
  await world.live.replace({ text: refusing(ours.url, 3_000) });
  expect(world.names()).toEqual(["ours"]);
  // By then what was under way there has ended.
  const answered = requests.answered();
  await expect.poll(requests.answered).toBeGreaterThan(answered + 20);
  const before = world.cloud.images();
  await expect.poll(() => ours.requests.length).toBeGreaterThan(50);
  expect([world.names(), world.cloud.images()]).toEqual([["ours"], before]);
  await expect.poll(world.names, { timeout: 8_000 }).toEqual(["cloud/task-1", "cloud/task-2", "ours"]);
  await expect.poll(world.cloud.images).toBeGreaterThan(before);
  expect(await requests.stop()).toEqual([]);
});
