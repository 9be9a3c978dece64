import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { candidateOf, type RolloutStep, rolloutSteps } from "#gateway/operations/rollouts/rollout.ts";
import { notLeader } from "#gateway/records/leader.ts";
import { readRollout } from "#gateway/records/rollouts.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { fleetText, type Led, openRolloutWorld, type Quality, v2 } from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.query("DELETE FROM rollouts");
  await database.query("DELETE FROM freezes");
  await database.query("DELETE FROM trial_findings");
});

const atNear = (quality: Quality) => (provider: string) =>
  provider === candidateOf("near") ? quality : ("good" as const);

/** A database that kills its leader when a step was just written, or when what it does was done and is not yet written. */
function killing({ kill }: Led, id: string, step: RolloutStep, when: "entered" | "done"): Database {
  const stepOf = async () => (await readRollout(database.query, id)).state.step;
  return {
    ...database,
    transaction: async (work, options) => {
      const before = await stepOf();
      const die = (): never => {
        kill();
        throw notLeader();
      };
      const result = await database.transaction(async (query) => {
        const done = await work(query);
        const { step: after } = (await readRollout(query, id)).state;
        if (when === "done" && before === step && after !== step) die();
        return done;
      }, options);
      return when === "entered" && before !== step && (await stepOf()) === step ? die() : result;
    },
  };
}

describe("a leader that dies", () => {
  const ends: ReadonlySet<RolloutStep> = new Set<RolloutStep>(["done", "rolled back"]);
  const points = rolloutSteps.flatMap((step) =>
    (["entered", "done"] as const).map((when) => [step, when] as const),
  );
  test.each(points)("at step %s, %s, is followed by one that converges", async (step, when) => {
    for (const quality of ["good", "wrong"] as const) {
      const fresh = await openRolloutWorld(database);
      const { id } = await fresh.start();
      let killed = 0;
      const deps = (led: Led) => {
        const kill = (): void => {
          killed += 1;
          led.kill();
        };
        const dying = { ...led, kill };
        return killed === 0 ? { database: killing(dying, id, step, when) } : {};
      };
      const rollout = await fresh.run(id, { quality: atNear(quality), deps, stepMs: 4_000 });
      const image = quality === "good" ? v2 : "v1";
      expect(rollout.outcome).toBe(quality === "good" ? "done" : "rolled back");
      expect([fresh.near.image(), fresh.far.image()]).toEqual([image, image]);
      expect([fresh.near.hasCandidate(), fresh.far.hasCandidate()]).toEqual([false, false]);
      expect(await fresh.text()).toBe(fleetText);
      expect(parseConfig(await fresh.text(), { file: "it" }).routes).toHaveLength(1);
      // Whatever was done twice happened once.
      expect(new Set(fresh.far.happened).size).toBe(fresh.far.happened.length);
      const isReached = rollout.state.history.some((passage) => passage.step === step);
      const isKillable = isReached && !(when === "done" && ends.has(step));
      if (isKillable) expect(killed).toBe(1);
    }
  });
});
