import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readFreezes } from "#gateway/records/freezes.ts";
import { readRollouts } from "#gateway/records/rollouts.ts";
import { readScalings } from "#gateway/records/scaling.ts";
import { beginDeploy } from "#infra/command/operate/begin-deploy.ts";
import { readDeployAsk } from "#infra/command/operate/deploy-ask.ts";
import { readFreezeAsk } from "#infra/command/operate/freeze-ask.ts";
import { freezeByHand } from "#infra/command/operate/freeze-by-hand.ts";
import { readScaleAsk } from "#infra/command/operate/scale-ask.ts";
import { scaleByHand } from "#infra/command/operate/scale-by-hand.ts";
import { turn } from "#infra/command/operate/turn.ts";
import { readTurnAsk } from "#infra/command/operate/turn-ask.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { type OperatorWorld, openOperatorWorld } from "#test/support/operator-world.ts";
import { type Quality, v2 } from "#test/support/rollout-world.ts";

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

describe("promote and rollback", () => {
  test("a rollout under way is promoted at the provider in hand, and another one goes back everywhere", async () => {
    world.letTimePass(silent);
    await beginDeploy(asked("--detach", "--providers", "near"), world.operator().who);
    expect(await turn("promote", readTurnAsk("promote", []), world.operator().who)).toBe(0);
    expect(world.near.image()).toBe(v2);
    await beginDeploy(asked("--detach", "--providers", "far"), world.operator().who);
    const { who, said } = world.operator();
    expect(await turn("rollback", readTurnAsk("rollback", ["far"]), who)).toBe(0);
    expect(said.at(-1)).toMatch(/rolled back, since cli:ann wants it/);
    expect(world.far.image()).toBe("v1");
    expect(await actions()).toEqual(expect.arrayContaining(["rollout.promote", "rollout.rollback"]));
  });

  test("where no rollout is, a provider's candidate is promoted and what answered before is brought back, in the audit", async () => {
    world.letTimePass(silent);
    const control = world.near.control();
    const hand = { isDry: false, change: <Answer>(_: unknown, make: () => Promise<Answer>) => make() };
    await control.deploy({ id: "by-hand", image: v2 }, { hand, signal: new AbortController().signal });
    const { who, said } = world.operator();
    expect(await turn("promote", readTurnAsk("promote", ["near"]), who)).toBe(0);
    expect(said).toEqual([
      "near: near-by-hand is to answer",
      "near: calls fake:promote",
      expect.stringMatching(/^near: 1 of 1 run/),
      "near: 1 of 1 run, settled",
    ]);
    expect(world.near.image()).toBe(v2);
    // What is taken back is taken back in a freeze too.
    await freezeByHand(readFreezeAsk(["near"]), world.operator().who);
    expect(await turn("rollback", readTurnAsk("rollback", ["near", "--json"]), world.operator().who)).toBe(0);
    expect(world.near.image()).toBe("v1");
    const last = (await world.audited()).at(-1);
    expect(last).toMatchObject({ actor: "cli:ann", subject: "near", details: { action: "fake:rollback" } });
  });

  test("dry ones print the calls for every provider that has it, and the configuration, and change nothing", async () => {
    world.letTimePass(silent);
    await beginDeploy(asked("--detach"), world.operator().who);
    const early = world.operator();
    expect(await turn("promote", readTurnAsk("promote", ["--dry-run"]), early.who)).toBe(0);
    expect(early.said.slice(1)).toEqual(["far: nothing was deployed there yet"]);
    const stop = new AbortController();
    const watching = world.operator({ signal: stop.signal });
    const promoted = turn("promote", readTurnAsk("promote", []), watching.who);
    await expect.poll(watching.text, { timeout: 10_000 }).toMatch(/near: measure 10%/);
    stop.abort();
    await promoted;
    const { who, said, text } = world.operator();
    expect(await turn("rollback", readTurnAsk("rollback", ["--dry-run"]), who)).toBe(0);
    expect(said[0]).toMatch(/^would ask for rollout r-\w+ to go back, which calls:$/);
    const calls = said.filter((line) => line.includes("fake:rollback"));
    expect(calls.map((line) => line.split(":")[0])).toEqual(["near", "far"]);
    expect(text()).toMatch(/^- {2}near-candidate: /m);
    const programs = world.operator();
    await turn("promote", readTurnAsk("promote", ["near", "--dry-run", "--json"]), programs.who);
    expect(programs.json()).toMatchObject({
      ...{ wish: "promote", provider: "near", dry_run: true },
      calls: [{ provider: "near", action: "fake:promote" }],
    });
    const [rollout] = await readRollouts(database.query);
    expect(rollout?.wish).toBeUndefined();
    expect(world.near.happened).toEqual([`deployed ${v2}`]);
  });

  test("what cannot be promoted or taken back is refused with what there is", async () => {
    const refused = (verb: "promote" | "rollback", ...args: string[]) =>
      expect(turn(verb, readTurnAsk(verb, args), world.operator().who)).rejects;
    await refused("promote").toThrow(/no rollout is under way, so name a provider/);
    await refused("promote", "near").toThrow(/near has no candidate to promote/);
    await refused("rollback", "near").toThrow(/near has nothing to go back to/);
    await refused("rollback", "nowhere").toThrow(/provider "nowhere" is not declared/);
    await refused("rollback", "r-0123456789").toThrow(/no rollout r-0123456789 is under way/);
    await beginDeploy(asked("--detach"), world.operator().who);
    await refused("promote", "near").toThrow(/is at far now, not at near/);
    await freezeByHand(readFreezeAsk([]), world.operator().who);
    await refused("promote").toMatchObject({ code: "fleet_frozen" });
  });
});

describe("scale", () => {
  test("a size by hand is set and written down for the fleet process, with the operator's name", async () => {
    world.letTimePass(silent);
    const { who, said } = world.operator();
    expect(await scaleByHand(readScaleAsk(["near", "3"]), who)).toBe(0);
    expect(world.near.count().desired).toBe(3);
    expect(said.slice(0, 2)).toEqual(["near: to 3", "near: calls fake:scale"]);
    expect((await readScalings(database.query)).get("near")).toMatchObject({ wanted: { count: 3 } });
    const last = (await world.audited()).at(-1);
    expect(last).toMatchObject({ actor: "cli:ann", subject: "near", action: "fleet.change" });
  });

  test("a dry size prints the very call and changes nothing, also without any records", async () => {
    const { who, said } = world.operator();
    expect(await scaleByHand(readScaleAsk(["old", "0..4", "--dry-run"]), who)).toBe(0);
    expect(said).toEqual([
      "would do: old: to between 0 and 4",
      'old: fake:scale {"platform":"old","said":{"least":0,"most":4}}',
    ]);
    const programs = world.operator();
    await scaleByHand(readScaleAsk(["near", "2", "--dry-run", "--json"]), programs.who);
    expect(programs.json()).toMatchObject({
      provider: "near",
      dry_run: true,
      calls: [{ action: "fake:scale" }],
    });
    await nothingHappened();
    expect([...(await readScalings(database.query)).keys()]).toEqual([]);
  });

  test("a frozen provider, one that scales itself, and one that cannot be opened are refused", async () => {
    await expect(scaleByHand(readScaleAsk(["old", "2"]), world.operator().who)).rejects.toThrow(
      /old scales by itself: name between how many, such as 2\.\.2/,
    );
    await freezeByHand(readFreezeAsk(["near"]), world.operator().who);
    const frozen = scaleByHand(readScaleAsk(["near", "2"]), world.operator().who);
    await expect(frozen).rejects.toMatchObject({
      code: "fleet_frozen",
      hint: "tradewind freeze --off ends it",
    });
    await expect(scaleByHand(readScaleAsk(["nowhere", "2"]), world.operator().who)).rejects.toThrow(
      /not declared/,
    );
    expect(world.near.heard).toEqual([]);
  });
});

test("a freeze holds until it is taken off, by whom and why is known, and a dry one leaves no trace", async () => {
  const dry = world.operator();
  await freezeByHand(readFreezeAsk(["near", "--dry-run"]), dry.who);
  expect(dry.text()).toMatch(
    /^would be written, and no platform is called: near is frozen by cli:ann: by hand$/,
  );
  expect(await readFreezes(database.query)).toEqual([]);
  const { who, said } = world.operator();
  expect(await freezeByHand(readFreezeAsk(["near", "--why", "the fair", "--for", "2h"]), who)).toBe(0);
  expect(said[0]).toMatch(/^near is frozen until \S+ by cli:ann: the fair$/);
  expect(await freezeByHand(readFreezeAsk(["--off", "near"]), who)).toBe(0);
  expect(await freezeByHand(readFreezeAsk(["--off", "near", "--json"]), who)).toBe(1);
  expect(JSON.parse(said[2] ?? "")).toMatchObject({ provider: "near", thawed: false });
  await expect(freezeByHand(readFreezeAsk(["nowhere"]), who)).rejects.toThrow(/not declared/);
  for (const scope of [["near"], []]) await freezeByHand(readFreezeAsk(scope), world.operator().who);
  const thawing = world.operator();
  await freezeByHand(readFreezeAsk(["--off", "near"]), thawing.who);
  expect(thawing.said).toEqual([
    "the freeze of near is taken off",
    "still so: the fleet is frozen by cli:ann: by hand",
  ]);
});
