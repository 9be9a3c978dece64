import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startAgent, until } from "#test/support/edge/agent-process.ts";
import { callsOn } from "#test/support/edge/calls-on-wire.ts";
import { model, openEdgeWorld } from "#test/support/edge/edge-world.ts";
import { recordWire } from "#test/support/edge/record-wire.ts";
import { demoModel, goldenOf } from "#test/support/edge/releases.ts";
import { repository } from "#test/support/run-tradewind.ts";

const [plan, report] = ["GET /edge/v1/plan", "POST /edge/v1/report"];
const lists = "/edge/v1/repository/metadata/";

/** A device that runs release 1 and asks for its plan again and again, with somebody who listens on its line. */
async function restingAgent() {
  await using opening = new AsyncDisposableStack();
  const world = opening.use(await openEdgeWorld({ poll: "400ms" }));
  const wire = opening.use(await recordWire({ to: world.gateway.url }));
  const golden = await goldenOf(demoModel("digits-n"), 1);
  await world.publish({ release: 1, model: await readFile(demoModel("digits-n")), golden });
  await world.rollOut(1);
  const place = ["--data", join(world.folder, "device"), "--enrol", await world.token()];
  const agent = opening.use(await startAgent({ args: ["--gateway", wire.url, ...place] }));
  await until(
    () => agent.model(model),
    (one) => one?.runs?.release === 1,
  );
  const opened = opening.move();
  return { world, agent, calls: () => callsOn(wire), [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

let device: Awaited<ReturnType<typeof restingAgent>>;

beforeAll(async () => {
  device = await restingAgent();
}, 120_000);

afterAll(() => device[Symbol.asyncDispose]());

/** Has it rest, without a look at its status, which would have it work; answers how many calls there were. */
async function atRest(): Promise<number> {
  const lately = async () => device.calls().slice(-3);
  await until(lately, (calls) => calls.every(({ what }) => what === plan));
  return device.calls().length;
}

/** Milliseconds of all cores that a process has had until now. */
async function cpuMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test("a round in which nothing changed is one call with little in it, and next to no work", {
  timeout: 120_000,
}, async () => {
  const { agent, calls } = device;
  const [before, cpuBefore] = [await atRest(), await cpuMs(agent.pid)];
  await until(
    async () => calls(),
    (now) => now.length >= before + 20,
  );
  const [idle, cpu] = [calls().slice(before), (await cpuMs(agent.pid)) - cpuBefore];
  expect(new Set(idle.map(({ what }) => what))).toEqual(new Set([plan]));
  expect(Math.max(...idle.map(({ bytes }) => bytes))).toBeLessThan(1_000);
  expect(cpu / idle.length).toBeLessThanOrEqual(50);
});

test("news goes out with the next plan, which makes two calls of a round and still asks for no list", {
  timeout: 120_000,
}, async () => {
  const { agent, calls } = device;
  const before = await atRest();
  const image = await readFile(join(repository, "inference/models/demo/sample.jpg"));
  expect((await agent.detect(model, image)).status).toBe(200);
  const since = async () => calls().slice(before);
  const busy = await until(since, (now) => now.some(({ what }) => what === report));
  const [asked, told] = busy.slice(busy.findIndex(({ what }) => what === report) - 1);
  expect(asked?.what).toBe(plan);
  expect((asked?.bytes ?? 0) + (told?.bytes ?? 0)).toBeLessThan(1_500);
  expect(busy.filter(({ what }) => what.includes(lists))).toEqual([]);
});

test("a revocation is found by the first plan that names newer lists, though lists have rested until then", {
  timeout: 120_000,
}, async () => {
  const { world, agent, calls } = device;
  await atRest();
  await world.revoke(1);
  const before = calls().length;
  await until(
    () => agent.model(model),
    (one) => one?.runs === null,
  );
  const since = calls().slice(before);
  const looked = since.findIndex(({ what }) => what.includes(lists));
  // A gateway remembers a list for a second, in which nobody asks more than five times.
  expect(since.slice(0, looked).filter(({ what }) => what === plan).length).toBeLessThanOrEqual(6);
});
