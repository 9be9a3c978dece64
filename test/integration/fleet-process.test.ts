import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { text as streamText } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { leadUntil } from "#gateway/operations/lead-until.ts";
import { startRollout } from "#gateway/operations/rollouts/start-rollout.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { readLeader } from "#gateway/records/leader.ts";
import { readRollout, wish } from "#gateway/records/rollouts.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createFakePlatform } from "#test/support/fake-control.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { openRemoteControl, servePlatforms } from "#test/support/remote-controls.ts";
import { v2 } from "#test/support/rollout-world.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";
import { clearFleet, ledgerHas, scaledText } from "#test/support/scaled-fleet.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await clearFleet(database);
  await publishConfiguration(database, { text: scaledText, source: "admin", actor });
});

const actor = { id: "ann" };

const main = resolve(import.meta.dirname, "../support/fleet-main.ts");

type FleetChild = AsyncDisposable & {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: Promise<unknown>;
};

function startFleet(platforms: string, ...args: readonly string[]): FleetChild {
  const env = { ...process.env, DATABASE_URL: records.postgres.url, FAKE_PLATFORMS: platforms };
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      said += chunk;
    });
  const exit = once(child, "exit").then(([code, signal]) => code ?? signal);
  return {
    ...{ child, said: () => said, exit },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

async function servedPlatforms() {
  const near = createFakePlatform({ clock: systemClock, name: "near", settleMs: 200 });
  const far = createFakePlatform({ clock: systemClock, name: "far" });
  const fixed = createFakePlatform({ clock: systemClock, name: "fixed" });
  const served = await servePlatforms({ near, far, fixed });
  return { near, far, served, [Symbol.asyncDispose]: () => served[Symbol.asyncDispose]() };
}

const start = () =>
  startRollout(
    database,
    { image: v2, actor, providers: ["near"] },
    { clock: systemClock, chance: systemChance },
  );

test("of two processes one leads; when it is killed in the middle of a promotion the other finishes it", async () => {
  await using world = await servedPlatforms();
  const { near, served } = world;
  const { id } = await start();
  await wish(database, { id, wish: "promote", actor });
  await using one = startFleet(served.url, "--apply", "--every", "500ms");
  let killed = false;
  near.onCall = async (verb, when) => {
    if (verb !== "promote" || when !== "after" || killed) return;
    killed = true;
    one.child.kill("SIGKILL");
    await one.exit;
  };
  await vi.waitFor(() => expect(one.said()).toMatch(/^leads$/m), 20_000);
  await using other = startFleet(served.url, "--apply", "--every", "500ms");
  await vi.waitFor(async () => expect((await readRollout(database.query, id)).outcome).toBe("done"), {
    timeout: 25_000,
    interval: 100,
  });
  expect(killed).toBe(true);
  expect(near.happened.filter((what) => !what.startsWith("scaled"))).toEqual([
    `deployed ${v2}`,
    `promoted ${v2}`,
  ]);
  expect(other.said()).toMatch(/^leads$/m);
  other.child.kill("SIGTERM");
  expect(await other.exit).toBe(0);
}, 60_000);

test("a leader that was frozen in the middle of a call does nothing more when it wakes", async () => {
  await using world = await servedPlatforms();
  const { near, served } = world;
  const { id } = await start();
  await wish(database, { id, wish: "promote", actor });
  await using one = startFleet(served.url, "--apply", "--every", "500ms");
  let frozen = false;
  near.onCall = async (verb, when) => {
    if (verb !== "deploy" || when !== "before" || frozen) return;
    frozen = true;
    one.child.kill("SIGSTOP");
  };
  await vi.waitFor(() => expect(frozen).toBe(true), 20_000);
  await using other = startFleet(served.url, "--apply", "--every", "500ms");
  await vi.waitFor(async () => expect((await readRollout(database.query, id)).outcome).toBe("done"), {
    timeout: 25_000,
    interval: 100,
  });
  expect(other.said()).toMatch(/^leads$/m);
  const heard = near.heard.length;
  one.child.kill("SIGCONT");
  await vi.waitFor(() => expect(one.said()).toMatch(/^follows /m), 20_000);
  expect(near.heard.slice(heard).filter(({ verb }) => verb !== "scale")).toEqual([]);
  expect(near.happened.filter((what) => !what.startsWith("scaled"))).toEqual([
    `deployed ${v2}`,
    `promoted ${v2}`,
  ]);
}, 60_000);

test("a process that is asked to stop finishes what it has in hand, and writes it down", async () => {
  await using world = await servedPlatforms();
  const { near, served } = world;
  const { id } = await start();
  await using one = startFleet(served.url, "--apply", "--every", "500ms");
  near.onCall = async (verb, when) => {
    if (verb !== "deploy" || when !== "before") return;
    one.child.kill("SIGTERM");
    await systemClock.sleep(500);
  };
  expect(await one.exit).toBe(0);
  const { state } = await readRollout(database.query, id);
  expect(state).toMatchObject({ step: "stand", revisions: { near: `near-${id}` } });
}, 40_000);

test("without a fleet process whoever deploys leads the rollout to its end, and tells of each step", async () => {
  await using world = await servedPlatforms();
  const { id } = await start();
  await wish(database, { id, wish: "promote", actor });
  const steps: string[] = [];
  const rollout = await leadUntil(id, {
    ...{
      url: records.postgres.url,
      database,
      name: "cli:ann",
      clock: systemClock,
      chance: systemChance,
      env: {},
    },
    signal: AbortSignal.timeout(25_000),
    tell: (_, { step }) => void steps.push(step),
    open: (_settings, _surroundings, name) => openRemoteControl(world.served.url, name),
    everyMs: 50,
  });
  expect(rollout.outcome).toBe("done");
  expect(steps).toEqual(["deploy", "stand", "promote", "verify", "retire", "done"]);
}, 40_000);

test("whoever deploys steps aside for a fleet process that comes meanwhile, and then only follows", async () => {
  await using world = await servedPlatforms();
  const { id } = await start();
  const stop = new AbortController();
  const steps: string[] = [];
  const following = leadUntil(id, {
    ...{ url: records.postgres.url, database, name: "cli:ann", clock: systemClock, chance: systemChance },
    ...{ env: {}, signal: AbortSignal.any([stop.signal, AbortSignal.timeout(40_000)]), everyMs: 50 },
    tell: (_, { step }) => void steps.push(step),
    open: (_settings, _surroundings, name) => openRemoteControl(world.served.url, name),
    termMs: 500,
  });
  following.catch(() => undefined);
  // Without traffic it waits at its share until its patience ends.
  await vi.waitFor(() => expect(steps).toContain("measure"), 15_000);
  await using fleet = startFleet(world.served.url, "--apply", "--every", "500ms");
  await vi.waitFor(() => expect(fleet.said()).toMatch(/^leads$/m), 15_000);
  expect((await readRollout(database.query, id)).outcome).toBeUndefined();
  await wish(database, { id, wish: "promote", actor });
  expect((await following).outcome).toBe("done");
  expect(fleet.said()).not.toMatch(/^leads$.*^follows /ms);
  expect((await readLeader(database.query))?.leader).not.toBe("cli:ann");
}, 60_000);

test("one look prints the plan as lines and as data, and changes nothing", async () => {
  await using world = await servedPlatforms();
  await ledgerHas(database, 180_000, Date.now());
  await using plain = startFleet(world.served.url, "--once");
  expect(await plain.exit).toBe(0);
  expect(plain.said()).toMatch(/^digits: .* requests a second expected/m);
  expect(plain.said()).toMatch(/^ {2}fixed {2}left as it is: it has no scale/m);
  await using data = startFleet(world.served.url, "--once", "--json");
  expect(await data.exit).toBe(0);
  expect(JSON.parse(data.said())).toMatchObject({ plan: { groups: [{ models: ["digits"] }], notes: [] } });
  expect(world.near.heard).toEqual([]);
  await using applying = startFleet(world.served.url, "--once", "--apply");
  expect(await applying.exit).toBe(0);
  expect(applying.said()).toMatch(/^scaled near to/m);
}, 60_000);

test.each([
  [["--every", "soon"], /--every: expected a duration/],
  [["--aply"], /unknown option/],
])("`tradewind fleet %j` is refused", async (args, words) => {
  const { code, stderr } = await runTradewind(["fleet", ...args], { DATABASE_URL: records.postgres.url });
  expect(code).not.toBe(0);
  expect(stderr).toMatch(words);
});

test("started on its own, a fleet process says in one line what is wrong", async () => {
  const own = resolve(import.meta.dirname, "../../gateway/operations/main.ts");
  const child = spawn(process.execPath, [own, "--every", "soon"], { stdio: ["ignore", "ignore", "pipe"] });
  const [stderr, [code]] = await Promise.all([streamText(child.stderr), once(child, "exit")]);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^tradewind: --every: expected a duration[^\n]*\n$/),
  ]);
});

test("a fleet process without a database says that it needs one", async () => {
  const { code, stderr } = await runTradewind(["fleet", "--once"]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/DATABASE_URL is not set/);
});
