import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { candidateOf } from "#gateway/operations/rollouts/rollout.ts";
import { listConfigurations } from "#gateway/records/configurations.ts";
import { readRollouts } from "#gateway/records/rollouts.ts";
import { beginDeploy } from "#infra/command/operate/begin-deploy.ts";
import { readDeployAsk } from "#infra/command/operate/deploy-ask.ts";
import { readFreezeAsk } from "#infra/command/operate/freeze-ask.ts";
import { freezeByHand } from "#infra/command/operate/freeze-by-hand.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { type OperatorWorld, openOperatorWorld } from "#test/support/operator-world.ts";
import { fleetText, type Quality, v2 } from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
let database: Database;
let world: OperatorWorld;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  world = await openOperatorWorld(database, records.postgres.url);
});

const good = (): Quality => "good";
const silent = (): Quality => "silent";
const asked = (...more: string[]) => readDeployAsk(["--image", v2, ...more]);
const actions = async () => (await world.audited()).map(({ action }) => action);
const nothingHappened = async () => {
  expect([world.near.heard, world.far.heard, world.old.heard]).toEqual([[], [], []]);
  expect(await readRollouts(database.query)).toEqual([]);
  expect(await actions()).toEqual([]);
};

test("a deploy that nobody else leads is led to its end, a line for each step, with the operator's name in the audit", async () => {
  world.letTimePass(good);
  const { who, said } = world.operator();
  expect(await beginDeploy(asked(), who)).toBe(0);
  expect([world.near.image(), world.far.image()]).toEqual([v2, v2]);
  expect(said[0]).toMatch(/^rollout r-\w{10}: to far, then near$/);
  const steps = said.filter((line) =>
    /^\d\d:\d\d:\d\d {2}(near|far): (deploy|share|measure|promote)/.test(line),
  );
  expect(steps.length).toBeGreaterThanOrEqual(10);
  expect(said).toContainEqual(expect.stringMatching(/far: calls fake:deploy$/));
  expect(said.at(-1)).toMatch(/rollout r-\w{10}: done, after \d+ s$/);
  const byHand = (await world.audited()).filter(
    ({ action }) => action === "rollout.start" || action === "fleet.change",
  );
  expect(new Set(byHand.map((one) => one.actor))).toEqual(new Set(["cli:ann"]));
  expect(await world.text()).toBe(fleetText);
});

test("a deploy whose answers are wrong ends with exit code 1 and says why, as lines of JSON where that is wanted", async () => {
  world.letTimePass((provider) => (provider === candidateOf("far") ? "wrong" : "good"));
  const { who, said } = world.operator();
  expect(await beginDeploy(asked("--json"), who)).toBe(1);
  const lines = said.map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ providers: ["far", "near"] });
  expect(lines).toContainEqual(expect.objectContaining({ provider: "far", step: "share", share: 0.1 }));
  expect(lines.at(-1)).toMatchObject({ outcome: "rolled back", why: expect.stringMatching(/agreement/) });
  expect(world.far.image()).toBe("v1");
});

test("with --now no gate is waited for at any provider, and the audit says who wanted that", async () => {
  world.letTimePass(silent);
  const { who } = world.operator();
  expect(await beginDeploy(asked("--now"), who)).toBe(0);
  expect([world.near.image(), world.far.image()]).toEqual([v2, v2]);
  expect((await actions()).filter((action) => action === "rollout.promote")).toHaveLength(2);
  expect((await readRollouts(database.query))[0]?.note).toBe("gates skipped by --now.");
});

test("a dry deploy prints each provider's first call and the configuration, and changes nothing at all", async () => {
  const before = await listConfigurations(database.query, { most: 1 });
  const { who, said } = world.operator();
  expect(await beginDeploy(asked("--dry-run", "--models", "s3://bucket/models"), who)).toBe(0);
  const request = { image: v2, models: "s3://bucket/models" };
  const calls = said.filter((line) => line.includes("fake:deploy"));
  expect(calls.map((line) => line.split(": ")[0])).toEqual(["far", "near"]);
  expect(JSON.parse(calls[0]?.replace("far: fake:deploy ", "") ?? "")).toMatchObject({ said: request });
  expect(said.join("\n")).toMatch(/^\+ {2}far-candidate: \{.*"revision":"candidate"/m);
  const programs = world.operator();
  await beginDeploy(asked("--dry-run", "--json", "--providers", "near"), programs.who);
  expect(programs.json()).toMatchObject({
    providers: ["near"],
    calls: [{ provider: "near", action: "fake:deploy" }],
    configuration: [{ provider: "near", share: 0.1 }],
  });
  await nothingHappened();
  expect(await listConfigurations(database.query, { most: 1 })).toEqual(before);
});

test.each([
  [["--providers", "nowhere"], /provider "nowhere" is not declared/],
  [["--providers", "old"], /"old" cannot have something new beside/],
  [["--image-at", `nowhere=${v2}`], /there is an image for "nowhere", which gets none/],
])("a deploy with %j is refused, dry or not, before anything happens", async (flags, why) => {
  for (const dry of [[], ["--dry-run"]])
    await expect(beginDeploy(asked(...flags, ...dry), world.operator().who)).rejects.toThrow(why);
  await nothingHappened();
});

test("into a frozen scope nothing is deployed, and two rollouts do not meet", async () => {
  await freezeByHand(readFreezeAsk(["far", "--why", "the fair"]), world.operator().who);
  await expect(beginDeploy(asked(), world.operator().who)).rejects.toMatchObject({ code: "fleet_frozen" });
  expect(await beginDeploy(asked("--providers", "near", "--detach"), world.operator().who)).toBe(0);
  await expect(beginDeploy(asked("--providers", "near"), world.operator().who)).rejects.toThrow(
    /is on its way to near/,
  );
});

test("whoever stops watching leaves the rollout where it stands and is told who takes it further", async () => {
  world.letTimePass(silent);
  const stop = new AbortController();
  const { who, said, text } = world.operator({ signal: stop.signal });
  const code = beginDeploy(asked(), who);
  await expect.poll(text, { timeout: 10_000 }).toMatch(/far: measure 10%/);
  stop.abort();
  expect(await code).toBe(1);
  expect(said.at(-1)).toMatch(/stands where it is: tradewind fleet --apply takes it further/);
  expect(await readRollouts(database.query, { isActive: true })).toHaveLength(1);
});
