import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { readRollouts } from "#gateway/records/rollouts.ts";
import { beginDeploy } from "#infra/command/operate/begin-deploy.ts";
import { readDeployAsk } from "#infra/command/operate/deploy-ask.ts";
import { readFreezeAsk } from "#infra/command/operate/freeze-ask.ts";
import { freezeByHand } from "#infra/command/operate/freeze-by-hand.ts";
import { readPlanAsk } from "#infra/command/operate/plan-ask.ts";
import { readStatusAsk } from "#infra/command/operate/status-ask.ts";
import { tellPlan } from "#infra/command/operate/tell-plan.ts";
import { tellStatus } from "#infra/command/operate/tell-status.ts";
import { turn } from "#infra/command/operate/turn.ts";
import { readTurnAsk } from "#infra/command/operate/turn-ask.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { openEcsSubject } from "#test/support/clouds/ecs/open-subject.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { type OperatorWorld, openOperatorWorld } from "#test/support/operator-world.ts";
import { fleetText, type Quality, v2 } from "#test/support/rollout-world.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

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

const silent = (): Quality => "silent";
const asked = (...more: string[]) => readDeployAsk(["--image", v2, ...more]);
const actions = async () => (await world.audited()).map(({ action }) => action);
const nothingHappened = async () => {
  expect([world.near.heard, world.far.heard, world.old.heard]).toEqual([[], [], []]);
  expect(await readRollouts(database.query)).toEqual([]);
  expect(await actions()).toEqual([]);
};

test("status shows every provider, what is under way and why it holds, and one that cannot be asked as one row", async () => {
  world.letTimePass(silent);
  await beginDeploy(asked("--detach"), world.operator().who);
  await freezeByHand(readFreezeAsk(["far", "--why", "the fair"]), world.operator().who);
  world.near.fail("status", "provider_throttled", { times: 10 });
  const { who, text } = world.operator();
  expect(await tellStatus(readStatusAsk([]), who)).toBe(0);
  expect(text()).toMatch(/^near +cloud-run +- +- +- +- +1 +the test +near was told to fail at status$/m);
  expect(text()).toMatch(/^far +cloud-run +1 +1 +0 +- +1 +the test +settled$/m);
  expect(text()).toMatch(/^far +far-v1 +stable +v1 +100% +1 +ready$/m);
  expect(text()).toMatch(/^rollout r-\w+ of digits@2{12} by cli:ann: deploy at far \(1 of 2\) since /m);
  expect(text()).toMatch(/^far is frozen by cli:ann: the fair$/m);
  const programs = world.operator();
  await tellStatus(readStatusAsk(["--json"]), programs.who);
  expect(programs.json()).toMatchObject({
    providers: [
      { provider: "near", status: null, errors: [{ code: "provider_throttled" }] },
      { provider: "far", kind: "cloud-run", status: { desired: 1, settled: true }, errors: [] },
      { provider: "old" },
    ],
    rollouts: [{ step: "deploy", provider: "far", image: v2 }],
    freezes: [{ provider: "far", why: "the fair" }],
    kept_by: "fleet",
    trials: expect.any(Array),
  });
});

test("plan says what the fleet process would call, and calls nothing; a file is enough for it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "operate-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "tradewind.yaml");
  const prior = "prior: { base: 100ms, perInFlight: 100ms }, billing: provisioned";
  const scale = `scale: { least: 2, most: 5 }, ${prior} }`;
  await writeFile(file, fleetText.replace("usdPerHour: 1 }", `usdPerHour: 1, ${scale}`));
  const { who, text } = world.operator({ env: {} });
  expect(await tellPlan(readPlanAsk(["--config", file]), who)).toBe(0);
  expect(text()).toMatch(/^digits, letters: /m);
  expect(text()).toMatch(/DATABASE_URL is not set, so nobody knows how much is asked for/);
  expect(text()).toMatch(/^near: fake:scale \{"platform":"near","said":\{"least":2,"most":5\}\}$/m);
  const programs = world.operator();
  await tellPlan(readPlanAsk(["--config", file, "--json"]), programs.who);
  expect(programs.json()).toMatchObject({
    groups: [{ models: ["digits", "letters"] }],
    calls: [{ provider: "near" }],
  });
  await nothingHappened();
});

test("without a database and without a file each verb says what it lacks", async () => {
  const { who } = world.operator({ env: {} });
  const lacks = { code: "config_invalid", message: "DATABASE_URL is not set" };
  await expect(tellStatus(readStatusAsk([]), who)).rejects.toMatchObject(lacks);
  await expect(beginDeploy(asked(), who)).rejects.toMatchObject(lacks);
  await expect(turn("promote", readTurnAsk("promote", []), who)).rejects.toMatchObject(lacks);
});

test("the real command shows and rehearses on a real SDK, and wrong use is exit code 2", async () => {
  await using subject = await openEcsSubject();
  const folder = await mkdtemp(join(tmpdir(), "operate-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "tradewind.yaml");
  const { name: cluster, region } = subject.fake.cluster;
  const service = `kind: ecs, region: ${region}, cluster: ${cluster}, service: detect, usdPerHour: 0.8`;
  const text = `models: { m: { source: x } }
providers: { ecs-one: { ${service} }, dead: { kind: static, urls: ["http://127.0.0.1:9"] } }
routes: [{ models: [m], failover: [[ecs-one], [dead]] }]
`;
  await writeFile(file, text);
  const status = await runTradewind(["status", "--config", file, "--json"], subject.fake.env);
  expect(status.stderr).toBe("");
  expect(JSON.parse(status.stdout)).toMatchObject({
    providers: [
      { provider: "ecs-one", kind: "ecs", status: { running: 1, desired: 1 } },
      { provider: "dead" },
    ],
  });
  const size = await runTradewind(["scale", "ecs-one", "2", "--dry-run", "--config", file], subject.fake.env);
  expect(size.stdout).toMatch(/^ecs-one: ecs:UpdateService \{.*"desiredCount":2/m);
  await publishConfiguration(database, { text, source: "admin", actor: { id: "test" } });
  const env = { ...subject.fake.env, DATABASE_URL: records.postgres.url };
  const image = subject.images.v2;
  const dry = await runTradewind(["deploy", "--image", image, "--dry-run"], env);
  expect(dry.stderr).toBe("");
  expect(dry.stdout).toMatch(/^ecs-one: ecs:RegisterTaskDefinition \{.*"containerDefinitions":/m);
  expect(dry.stdout).toMatch(/^\+.*ecs-one-candidate: \{.*revision: candidate/m);
  const dead = await runTradewind(["deploy", "--image", image, "--providers", "dead"], env);
  expect([dead.code, dead.stderr]).toEqual([
    1,
    expect.stringMatching(/whoever started these servers starts/),
  ]);
  const changing = ["ecs:UpdateService", "ecs:RegisterTaskDefinition"];
  expect(subject.fake.calls().filter(({ action }) => changing.includes(action))).toEqual([]);
  expect(subject.fake.problems()).toEqual([]);
  for (const args of [
    ["deploy"],
    ["scale", "a"],
    ["freeze", "a", "b"],
    ["promote", "a", "b"],
    ["status", "--odd"],
  ])
    expect((await runTradewind(args)).code).toBe(2);
});
