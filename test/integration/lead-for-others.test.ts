import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { leadUntil } from "#gateway/operations/lead-until.ts";
import { startRollout } from "#gateway/operations/rollouts/start-rollout.ts";
import { publishConfiguration } from "#gateway/records/configurations.ts";
import { readRollout, wish } from "#gateway/records/rollouts.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { systemClock } from "#infra/runtime/clock.ts";
import { createFakePlatform } from "#test/support/fake-control.ts";
import { type MigratedPostgres, startMigratedPostgres } from "#test/support/migrated-postgres.ts";
import { v2 } from "#test/support/rollout-world.ts";

let records: MigratedPostgres;
beforeAll(async () => {
  records = await startMigratedPostgres();
});
afterAll(() => records?.[Symbol.asyncDispose]());

const text = `models: { digits: { source: x }, letters: { source: y } }
providers:
  near: { kind: cloud-run, project: p-1, region: europe-west4, service: near, usdPerHour: 1 }
  far: { kind: cloud-run, project: p-1, region: us-central1, service: far, usdPerHour: 1 }
routes:
  - { models: [digits], failover: [[near]] }
  - { models: [letters], failover: [[far]] }
fleet: { rollout: { steps: [50%], bake: 1s, patience: 10m, ready: 1m } }
`;

test("who leads to the end of one rollout does what is wanted of the others too, since nobody else can", async () => {
  const { database, postgres } = records;
  const actor = { id: "ann" };
  const surroundings = { clock: systemClock, chance: systemChance, env: {} };
  await publishConfiguration(database, { text, source: "admin", actor });
  const [near, far] = ["near", "far"].map((name) => createFakePlatform({ clock: systemClock, name }));
  const start = (provider: string) =>
    startRollout(database, { image: v2, actor, providers: [provider] }, surroundings);
  const [own, other] = [await start("near"), await start("far")];
  const stop = new AbortController();
  const led = leadUntil(own.id, {
    ...{ ...surroundings, url: postgres.url, database, name: "ann", signal: stop.signal, everyMs: 100 },
    tell: () => undefined,
    open: async (_, __, name) => {
      const platform = name === "near" ? near : far;
      if (!platform) throw new Error(`no platform ${name}`);
      return platform.control();
    },
  });
  led.catch(() => undefined);
  const reaches = (id: string, wanted: object) =>
    vi.waitFor(async () => expect(await readRollout(database.query, id)).toMatchObject(wanted), {
      timeout: 10_000,
      interval: 50,
    });
  await reaches(own.id, { state: { step: "measure" } });
  await wish(database, { id: other.id, wish: "rollback", actor });
  await reaches(other.id, { outcome: "rolled back" });
  expect((await readRollout(database.query, own.id)).outcome).toBeUndefined();
  stop.abort();
  await expect(led).rejects.toThrow();
});
