import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { candidateOf } from "#gateway/operations/rollouts/rollout.ts";
import { readAudit } from "#gateway/records/audit.ts";
import { listConfigurations, publishConfiguration } from "#gateway/records/configurations.ts";
import { freeze, thaw } from "#gateway/records/freezes.ts";
import { ofTerm } from "#gateway/records/leader.ts";
import { readRollout, readRollouts, wish, writeProgress } from "#gateway/records/rollouts.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { createFakePlatform } from "#test/support/fake-control.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import {
  fleetText,
  openRolloutWorld,
  type Quality,
  type RolloutWorld,
  v2,
} from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
let database: Database;
let world: RolloutWorld;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.query("DELETE FROM rollouts");
  await database.query("DELETE FROM freezes");
  await database.query("DELETE FROM trial_findings");
  world = await openRolloutWorld(database);
});

const actor = { id: "ann" };
const atNear = (quality: Quality) => (provider: string) =>
  provider === candidateOf("near") ? quality : ("good" as const);
const stepsOf = async (id: string) =>
  (await readRollout(database.query, id)).state.history.map(({ provider, step }) => `${provider} ${step}`);

test("a good candidate is promoted everywhere, one provider after the other, and leaves no trace in the configuration", async () => {
  const { id } = await world.start();
  const rollout = await world.run(id);
  expect(rollout.outcome).toBe("done");
  const once = ["deploy", "stand", "share", "measure", "share", "measure", "promote", "verify", "retire"];
  expect(await stepsOf(id)).toEqual([
    ...once.map((step) => `far ${step}`),
    ...once.map((step) => `near ${step}`),
    "near done",
  ]);
  expect([world.near.image(), world.far.image()]).toEqual([v2, v2]);
  expect(world.far.happened).toEqual([`deployed ${v2}`, `promoted ${v2}`]);
  expect(await world.text()).toBe(fleetText);
  const versions = await listConfigurations(database.query, { most: 4 });
  expect(versions.map(({ note }) => note).join("\n")).toMatch(/rollout \S+: retire near/);
  const changes = (await readAudit(database.query, { most: 50 })).filter(
    (one) => one.action === "fleet.change",
  );
  expect(changes.at(0)).toMatchObject({
    actor: "fleet:test",
    subject: "near",
    details: { action: "fake:promote" },
  });
});

describe("whatever is wrong with a candidate takes it back, at the providers that had it already too", () => {
  test.each([
    ["wrong", /agreement 0\.300/],
    ["slow", /p95 .*slower than is allowed/],
    ["failing", /600 of 3000 failed/],
  ] as const)("one that is %s", async (quality, why) => {
    const { id } = await world.start();
    // Nothing goes to a candidate any more when its platform is told to take it away.
    const left: boolean[] = [];
    world.near.onCall = async (verb, when) => {
      if (verb === "rollback" && when === "before") left.push((await world.text()).includes("candidate"));
    };
    const rollout = await world.run(id, { quality: atNear(quality) });
    expect(rollout.outcome).toBe("rolled back");
    expect(rollout.state.back).toMatch(why);
    expect((await stepsOf(id)).slice(-6)).toEqual([
      ...["near withdraw", "near undo", "near settle"],
      ...["far undo", "far settle", "far rolled back"],
    ]);
    expect(world.near.happened).toEqual([`deployed ${v2}`, `took ${v2} away`]);
    expect(world.far.happened).toEqual([`deployed ${v2}`, `promoted ${v2}`, "returned to v1"]);
    expect(left).toEqual([false]);
    expect(await world.text()).toBe(fleetText);
  });
});

test("without traffic nothing is ever promoted: the candidate goes back as inconclusive when patience ends", async () => {
  const { id } = await world.start();
  const waiting = await world.run(id, { quality: () => "silent", turns: 20 });
  expect(waiting.outcome).toBeUndefined();
  expect(waiting.state).toMatchObject({
    step: "measure",
    waiting: expect.stringMatching(/inconclusive so far/),
  });
  const rollout = await world.run(id, { quality: () => "silent" });
  expect(rollout).toMatchObject({
    outcome: "rolled back",
    state: { back: expect.stringMatching(/^inconclusive: /) },
  });
  expect(world.far.happened).toEqual([`deployed ${v2}`, `took ${v2} away`]);
});

test("a candidate that cannot run, and one that does not stand in time, go back before they get a request", async () => {
  const broken = await world.start({ image: v2.replace("digits", "broken") });
  expect(await world.run(broken.id)).toMatchObject({
    outcome: "rolled back",
    state: { back: "it does not stand: its image cannot run" },
  });
  const slow = await world.start();
  world.far.fail("status", "provider_unavailable", { times: 1_000 });
  expect(await world.run(slow.id, { until: ({ state }) => state.back !== "" })).toMatchObject({
    state: { back: "it does not stand in time: its platform cannot be read" },
  });
  expect(await stepsOf(slow.id)).not.toContain("far share");
});

test("what may pass by itself is tried again, and what cannot takes the rollout back with its reason", async () => {
  const first = await world.start({ providers: ["far"] });
  world.far.fail("deploy", "provider_quota", { times: 3 });
  world.far.fail("promote", "provider_conflict", { after: true });
  expect(await world.run(first.id)).toMatchObject({ outcome: "done" });
  const second = await world.start({ providers: ["near"] });
  world.near.fail("deploy", "provider_forbidden");
  expect(await world.run(second.id)).toMatchObject({
    outcome: "rolled back",
    state: { back: "provider_forbidden: near was told to fail at deploy" },
  });
  const third = await world.start({ providers: ["near"] });
  world.near.fail("rollback", "provider_unavailable", { times: 3 });
  expect(await world.run(third.id, { quality: atNear("wrong") })).toMatchObject({ outcome: "rolled back" });
  expect(world.near.hasCandidate()).toBe(false);
});

test("a place that can never be returned is left in the end, and the others still go back", async () => {
  const { id } = await world.start();
  world.near.fail("rollback", "provider_forbidden", { times: 1_000 });
  const rollout = await world.run(id, { quality: atNear("wrong"), stepMs: 5_000 });
  expect(rollout.outcome).toBe("rolled back");
  const whys = rollout.state.history.map(({ why }) => why);
  expect(whys).toContainEqual(expect.stringMatching(/could not be taken back: provider_forbidden/));
  expect([world.near.hasCandidate(), world.far.image()]).toEqual([true, "v1"]);
});

test("a frozen provider gets nothing new, a rollback goes through, and time in the ice does not count", async () => {
  const { id } = await world.start();
  await world.run(id, { until: ({ state }) => state.step === "measure", quality: () => "silent" });
  await freeze(database, { actor, provider: "far", why: "the sale" });
  const frozen = await world.run(id, { turns: 60 });
  expect(frozen.state).toMatchObject({
    step: "measure",
    share: 0,
    waiting: "far is frozen by ann: the sale",
  });
  await expect(wish(database, { id, wish: "promote", actor })).rejects.toThrow(
    "far is frozen by ann: the sale",
  );
  await expect(world.start({ providers: ["far"] })).rejects.toMatchObject({ code: "fleet_frozen" });
  await wish(database, { id, wish: "rollback", actor });
  expect(await world.run(id)).toMatchObject({ outcome: "rolled back", state: { back: "ann wants it" } });
  expect(await thaw(database, { actor, provider: "far" })).toBe(true);
});

test("after a thaw a rollout goes on from where it stood", async () => {
  const { id } = await world.start({ providers: ["far"] });
  await freeze(database, { actor, why: "the night" });
  expect((await world.run(id, { turns: 5 })).state).toMatchObject({ step: "deploy" });
  expect(world.far.happened).toEqual([]);
  await thaw(database, { actor });
  expect(await world.run(id)).toMatchObject({ outcome: "done" });
});

test("time in which nobody could look does not count against patience, and what is looked at then goes back in time", async () => {
  const { id } = await world.start({ providers: ["far"] });
  const silent = { quality: () => "silent" as const };
  await world.run(id, { ...silent, until: ({ state }) => state.step === "measure" });
  await world.run(id, { ...silent, turns: 10 });
  world.clock.advance(3_600_000);
  expect((await world.run(id, { ...silent, turns: 1 })).state).toMatchObject({
    step: "measure",
    waiting: expect.stringMatching(/^inconclusive so far/),
  });
  expect(await world.run(id, silent)).toMatchObject({ outcome: "rolled back" });
});

test("a provider that is edited while its candidate is measured goes on, and so does one that is drilled", async () => {
  const { id } = await world.start({ providers: ["far"] });
  await world.run(id, { until: ({ state }) => state.step === "measure" });
  const edit = (text: string) =>
    text.replace("usdPerHour: 0.8", "usdPerHour: 0.7\n    refuseUntil: 2026-11-21T20:15:00Z");
  await publishConfiguration(database, { text: edit(await world.text()), source: "admin", actor });
  expect(await world.run(id)).toMatchObject({ outcome: "done" });
  expect(await world.text()).toBe(edit(fleetText));
});

test("a promotion whose platform takes its time by its own settings is waited for", async () => {
  const { clock } = world;
  const slow = createFakePlatform({
    ...{ clock, name: "far", standMs: 3_000, settleMs: 100_000 },
    capabilities: { promoteMs: 60_000 },
  });
  const { id } = await world.start({ providers: ["far"] });
  const deps = () => ({ controlOf: () => slow.control() });
  expect(await world.run(id, { deps })).toMatchObject({ outcome: "done" });
});

test("an operator's promotion skips the gate at the provider in hand, and only there", async () => {
  const { id } = await world.start();
  await wish(database, { id, wish: "promote", actor });
  const rollout = await world.run(id, { quality: () => "silent" });
  expect(rollout.outcome).toBe("rolled back");
  expect(await stepsOf(id)).toContain("far promote");
  expect(await stepsOf(id)).not.toContain("near promote");
  expect(rollout.state.history.find(({ step }) => step === "promote")?.why).toMatch(/^ann wants it/);
  await expect(wish(database, { id, wish: "rollback", actor })).rejects.toThrow("is over: rolled back");
  await expect(wish(database, { id: "nobody", wish: "rollback", actor })).rejects.toThrow(
    "no rollout nobody",
  );
});

test("who takes the candidate's share away in the configuration takes the rollout back", async () => {
  const { id } = await world.start();
  await world.run(id, { until: ({ state }) => state.step === "measure" });
  await publishConfiguration(database, { text: fleetText, source: "admin", actor });
  expect(await world.run(id)).toMatchObject({
    outcome: "rolled back",
    state: { back: "the configuration no longer gives it 10% of digits" },
  });
});

test("what a person changes in the configuration meanwhile stays", async () => {
  const { id } = await world.start();
  await world.run(id, { until: ({ state }) => state.step === "measure" });
  const text = (await world.text()).replace("# our fleet", "# our whole fleet");
  await publishConfiguration(database, { text, source: "admin", actor });
  await world.run(id);
  expect(await world.text()).toBe(fleetText.replace("# our fleet", "# our whole fleet"));
});

test("who publishes in the very moment is not overwritten, and the share is given all the same", async () => {
  const { id } = await world.start({ providers: ["far"] });
  await world.run(id, { until: ({ state }) => state.step === "stand" });
  const text = (await world.text()).replace("# close by", "# very close by");
  let raced = false;
  const racing: Database = {
    ...database,
    transaction: async (work, options) => {
      const { step } = (await readRollout(database.query, id)).state;
      // The first of a share's transactions comes after the newest version was read.
      if (step === "share" && !raced) {
        raced = true;
        await publishConfiguration(database, { text, source: "admin", actor });
      }
      return await database.transaction(work, options);
    },
  };
  await world.run(id, { deps: () => ({ database: racing }), until: ({ state }) => state.step === "measure" });
  expect(raced).toBe(true);
  expect(await world.text()).toMatch(/# very close by.*canary: \{ provider: far-candidate, share: 10% \}/s);
  await world.run(id);
  expect(await world.text()).toBe(text);
});

test("a second rollout to the same provider, or to one of the same route, is refused while the first one runs", async () => {
  const { id } = await world.start({ providers: ["near"] });
  const refused = { code: "record_exists", message: `rollout ${id} is on its way to near` };
  await expect(world.start({ providers: ["near"] })).rejects.toMatchObject(refused);
  await expect(world.start({ providers: ["far"] })).rejects.toMatchObject(refused);
  await world.run(id);
  expect(await readRollouts(database.query, { isActive: true })).toEqual([]);
  await world.start({ providers: ["far"] });
});

test.each([
  ["a tag", { image: "digits:latest" }, /no image by its digest/],
  ["an unknown provider", { providers: ["nobody"] }, /"nobody" is not declared/],
  ["a provider that takes nothing", { providers: ["old"] }, /cannot have something new/],
  ["an image for somebody else", { images: { old: v2 } }, /an image for "old", which gets none/],
  ["a wrong id", { id: "no spaces" }, /is no id of a rollout/],
])("a rollout of %s is refused", async (_, ask, words) => {
  await expect(world.start(ask)).rejects.toThrow(words);
});

test("a former leader writes nothing more, and its call to a platform is not made", async () => {
  const { id, state } = await world.start();
  const before = await world.leadAnew();
  await world.leadAnew();
  const late = ofTerm(database, before.leading.term);
  const progress = { id, state: { ...state, step: "done" }, outcome: "done" } as const;
  await expect(writeProgress(late, progress)).rejects.toMatchObject({ code: "not_leader" });
  await expect(world.turn(id, { leading: before.leading })).rejects.toMatchObject({ code: "not_leader" });
  expect(world.far.heard).toEqual([]);
});
