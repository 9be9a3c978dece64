import type { Database } from "#infra/runtime/postgres/database.ts";

/** Two places of which each instance answers ten requests a second, one after the other. */
export const scaledText = `models: { digits: { source: x } }
providers:
  near:
    { kind: ecs, cluster: c, region: eu-west-1, service: near, usdPerHour: 1, billing: provisioned,
      prior: { base: 100ms, perInFlight: 100ms }, scale: { least: 1, most: 20, coolDown: 5m } }
  far:
    { kind: ecs, cluster: c, region: us-east-1, service: far, usdPerHour: 2, billing: provisioned,
      prior: { base: 100ms, perInFlight: 100ms }, scale: { least: 1, most: 20, coolDown: 5m } }
  fixed:
    { kind: ecs, cluster: c, region: ap-south-1, service: fixed, usdPerHour: 2, billing: provisioned,
      prior: { base: 100ms, perInFlight: 100ms } }
routes:
  - { models: [digits], failover: [[near, far, fixed]], slo: 2s }
fleet: { every: 1s, survive: nothing, rollout: { order: [near], steps: [50%], bake: 1s, ready: 20s, patience: 20s } }
`;

/** So many requests in the hour that runs and in the one before, at each of which they took a tenth of a second. */
export async function ledgerHas(database: Database, requests: number, now: number): Promise<void> {
  for (const back of [0, 1]) {
    const hour = new Date(now - (now % 3_600_000) - back * 3_600_000);
    await database.query(
      `INSERT INTO ledger_hours VALUES ('default', $1, 'digits', 'near/1', 'request', $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        ON CONFLICT (tenant, hour, model, backend, kind) DO UPDATE SET requests = excluded.requests`,
      [hour, requests],
    );
  }
}

/** Nothing is asked for, done or known any more. */
export async function clearFleet(database: Database): Promise<void> {
  for (const table of ["rollouts", "freezes", "scalings", "demand", "demand_looked", "stood", "ledger_hours"])
    await database.query(`DELETE FROM ${table}`);
}
