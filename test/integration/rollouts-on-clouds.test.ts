import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ProviderControl } from "#adapters/control.ts";
import { openControl } from "#adapters/controls.ts";
import type { Rollout } from "#gateway/operations/rollouts/rollout.ts";
import { wish } from "#gateway/records/rollouts.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { appServiceSubject, containerAppsSubject } from "#test/support/clouds/azure/open-subject.ts";
import { cloudRunSubject } from "#test/support/clouds/cloud-run/open-subject.ts";
import type { ControlSubject, OpenedSubject } from "#test/support/clouds/control-contract.ts";
import { ecsSubject } from "#test/support/clouds/ecs/open-subject.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { openRolloutWorld, type RolloutWorld, type RunOptions } from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
let database: Database;
beforeAll(async () => {
  records = await startMigratedPostgres();
  ({ database } = records);
});
afterAll(() => records?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await database.query("DELETE FROM rollouts");
  await database.query("DELETE FROM trial_findings");
});

/** A provider of the rollout's world, with a cloud behind it. */
type Placed = { readonly subject: OpenedSubject; readonly control: ProviderControl };

async function place(stack: AsyncDisposableStack, { open }: ControlSubject): Promise<Placed> {
  const subject = stack.use(await open());
  const control = stack.use(await openControl(subject.settings, subject.surroundings));
  return { subject, control };
}

/** With time for the clouds between the turns, while the rollout's own clock goes on a little. */
async function runSlowly(
  world: RolloutWorld,
  id: string,
  { control }: Placed,
  options: Pick<RunOptions, "quality" | "until"> = {},
): Promise<Rollout> {
  for (;;) {
    const controlOf = (name: string) => (name === "far" ? control : world.near.control());
    const rollout = await world.run(id, { turns: 1, stepMs: 300, deps: () => ({ controlOf }), ...options });
    if (rollout.outcome || options.until?.(rollout)) return rollout;
    await systemClock.sleep(30);
  }
}

const imageOf = async ({ control }: Placed) => {
  const { revisions } = await control.status({ signal: AbortSignal.timeout(10_000) });
  return {
    stable: revisions.find(({ role }) => role === "stable")?.image,
    candidate: revisions.find(({ role }) => role === "candidate")?.image,
  };
};

describe.each([
  ["ecs", ecsSubject()],
  ["cloud-run", cloudRunSubject("rest")],
  ["app-service", appServiceSubject],
  ["container-apps", containerAppsSubject],
])("on %s", (_, opening) => {
  test("a good candidate becomes what answers", { timeout: 30_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const placed = await place(stack, opening);
    const { images, fake } = placed.subject;
    const world = await openRolloutWorld(database);
    const { id } = await world.start({ providers: ["far"], image: images.v2 });
    const rollout = await runSlowly(world, id, placed);
    expect(rollout.state.history.map(({ step, why }) => `${step}: ${why}`).at(-1)).toMatch(/^done/);
    expect(await imageOf(placed)).toEqual({ stable: images.v2, candidate: undefined });
    expect(fake.problems()).toEqual([]);
  });

  test("a wrong candidate goes away again", { timeout: 30_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const placed = await place(stack, opening);
    const { images, fake } = placed.subject;
    const world = await openRolloutWorld(database);
    const { id } = await world.start({ providers: ["far"], image: images.v2 });
    const { outcome, state } = await runSlowly(world, id, placed, { quality: () => "wrong" });
    expect([outcome, state.back]).toEqual(["rolled back", expect.stringMatching(/agreement 0\.300/)]);
    expect(state.history.map(({ why }) => why).join("; ")).not.toMatch(/in time|could not/);
    expect(await imageOf(placed)).toEqual({ stable: images.v1, candidate: undefined });
    expect(fake.problems()).toEqual([]);
  });

  test("one that was promoted returns when it is wrong at the next provider", {
    timeout: 30_000,
  }, async () => {
    await using stack = new AsyncDisposableStack();
    const placed = await place(stack, opening);
    const { images, fake } = placed.subject;
    const world = await openRolloutWorld(database);
    const { id } = await world.start({ image: images.v2 });
    const quality = (provider: string) => (provider === "near-candidate" ? "wrong" : "good");
    const { outcome, state } = await runSlowly(world, id, placed, { quality });
    expect(outcome).toBe("rolled back");
    expect(state.history.map(({ provider, step }) => `${provider} ${step}`)).toContain("far retire");
    expect(state.history.map(({ why }) => why).join("; ")).not.toMatch(/in time|could not/);
    expect(await imageOf(placed)).toEqual({ stable: images.v1, candidate: undefined });
    expect(fake.problems()).toEqual([]);
  });

  test("one that is called back in the middle of its promotion returns", { timeout: 30_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const placed = await place(stack, opening);
    const { images, fake } = placed.subject;
    const world = await openRolloutWorld(database);
    const { id } = await world.start({ providers: ["far"], image: images.v2 });
    // As if the platform had not come to rest.
    const status: ProviderControl["status"] = async (reading) => {
      return { ...(await placed.control.status(reading)), isSettled: false };
    };
    const busy = { ...placed, control: { ...placed.control, status } };
    const until = ({ state }: Rollout) => state.step === "verify";
    expect((await runSlowly(world, id, busy, { until })).outcome).toBeUndefined();
    await wish(database, { id, wish: "rollback", actor: { id: "ann" } });
    expect((await runSlowly(world, id, placed)).outcome).toBe("rolled back");
    expect(await imageOf(placed)).toEqual({ stable: images.v1, candidate: undefined });
    expect(fake.problems()).toEqual([]);
  });

  test("one that cannot run never gets a request", { timeout: 30_000 }, async () => {
    await using stack = new AsyncDisposableStack();
    const placed = await place(stack, opening);
    const { images } = placed.subject;
    const world = await openRolloutWorld(database);
    const { id } = await world.start({ providers: ["far"], image: images.broken });
    const { outcome, state } = await runSlowly(world, id, placed);
    expect([outcome, state.history.some(({ step }) => step === "share")]).toEqual(["rolled back", false]);
    expect(await imageOf(placed)).toMatchObject({ stable: images.v1 });
  });
});
