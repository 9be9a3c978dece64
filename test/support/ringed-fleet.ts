import { createPublicKey } from "node:crypto";
import { Hono } from "hono";
import { compactVerify } from "jose";
import { planRoutes } from "#gateway/devices/plan-routes.ts";
import type { Release } from "#gateway/devices/rings/plan-device.ts";
import { type Gate, type Ring, usualGate } from "#gateway/devices/rings/rollout.ts";
import type { GatewayEnv } from "#gateway/gateway-env.ts";
import { answerProblem } from "#gateway/problem.ts";
import { readEdgeRollouts, startEdgeRollout } from "#gateway/records/edge-rollouts.ts";
import { makeKey } from "#gateway/repository/signing-key.ts";
import { type Plan, plan, type Report } from "#infra/runtime/devices/words.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import { deviceId, deviceReport, held, model, modelReport, releasesOf } from "./edge-rollouts.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";

export const pollMs = 60_000;

export const nonce = "0123456789abcdef";

/** What a simulated device does with a release that it is told to run. */
export type Behaviour = (device: string, release: number) => "takes" | "fails" | "cannot fetch";

/** An agent as far as plans and reports show it: it fetches at one poll and switches at the next. */
export type SimulatedDevice = {
  readonly id: string;
  readonly label: string | undefined;
  active: number;
  previous: number | null;
  wanted: number | null;
  failed: { release: number; cause: "self_test_failed" | "download_failed" } | null;
  told: Plan["models"][number] | undefined;
};

/** Devices of one model before some gateways, on a real database; by the poll, under the test's clock. */
export type RingedFleet = {
  readonly clock: FakeClock;
  readonly devices: readonly SimulatedDevice[];
  releases: readonly Release[];
  readonly gateways: readonly Gateway[];
  readonly start: (release: number, more?: Start) => ReturnType<typeof startEdgeRollout>;
  readonly latest: () => ReturnType<typeof startEdgeRollout>;
  /** Each of them asks, does what it is told and reports; then a poll's time goes by. */
  readonly round: (behaviour?: Behaviour, some?: readonly SimulatedDevice[]) => Promise<void>;
};

type Start = { readonly rings?: readonly Ring[]; readonly gate?: Partial<Gate>; readonly id?: string };

export type Gateway = {
  readonly plan: (device: Pick<SimulatedDevice, "id" | "label">, query?: string) => Promise<Response>;
  readonly report: (device: Pick<SimulatedDevice, "id" | "label">, body: object) => Promise<Response>;
  readonly read: (response: Response) => Promise<Plan>;
};

type Opening = { readonly count: number; readonly label?: (number: number) => string | undefined };

/** All of them run release 1, which is everywhere; what other tests left is gone. */
export async function openRingedFleet(database: Database, { count, label }: Opening): Promise<RingedFleet> {
  for (const table of [
    "edge_rollouts",
    "device_pins",
    "device_models",
    "device_keys",
    "devices",
    "enrolments",
  ])
    await database.query(`DELETE FROM ${table}`);
  const clock = createFakeClock();
  const devices = Array.from({ length: count }, (_, number) => simulated(number, label?.(number)));
  await enrol(database, devices, clock.now());
  const fleet: RingedFleet = {
    clock,
    devices,
    releases: releasesOf([1, 2, 3]),
    gateways: [1, 2].map(() => openGateway(database, { clock, releases: () => fleet.releases })),
    start: (release, { rings = [{ share: 1 }], gate = {}, id = `er_${release}` } = {}) =>
      startEdgeRollout(database, {
        ...{ id, model, release, rings, actor: { id: "ann" }, now: clock.now() },
        gate: { ...usualGate, soakMs: 0, least: 1, ...gate },
      }),
    latest: async () => {
      const [latest] = await readEdgeRollouts(database.query, { most: 1 });
      if (!latest) throw new Error("nothing was rolled out");
      return latest;
    },
    round: async (behaviour = () => "takes", some = devices) => {
      await database.query("UPDATE devices SET last_seen_at = $2 WHERE id = ANY ($1)", [
        some.map(({ id }) => id),
        new Date(clock.now()),
      ]);
      for (let from = 0; from < some.length; from += 8)
        await Promise.all(some.slice(from, from + 8).map((device) => poll(fleet, device, behaviour)));
      clock.advance(pollMs);
    },
  };
  return fleet;
}

/** What a device says of itself as it stands. */
export function reportOf(device: SimulatedDevice): Report {
  const { active, previous, wanted, failed, told } = device;
  return deviceReport([
    modelReport({
      ...{ active: held(active), previous: previous === null ? null : held(previous), wanted },
      state: failed ? "failed" : wanted === null ? "in_sync" : "syncing",
      failure: failed && { ...failed, detail: "" },
      agreement: 990_000,
      ...(told?.rollout !== undefined && { rollout: told.rollout }),
    }),
  ]);
}

function simulated(number: number, label: string | undefined): SimulatedDevice {
  const nothing = { previous: null, wanted: null, failed: null, told: undefined };
  return { id: deviceId(number), label, active: 1, ...nothing };
}

async function enrol(database: Database, devices: readonly SimulatedDevice[], now: number): Promise<void> {
  const [ids, labels] = [devices.map(({ id }) => id), devices.map(({ label }) => label ?? null)];
  await database.query(
    "INSERT INTO enrolments (id, hash, actor, expires_at) VALUES ('enr_000000000000', $1, 'ann', now())",
    ["0".repeat(64)],
  );
  await database.query(
    `INSERT INTO devices (id, enrolment, label, hardware, agent, models, last_seen_at)
      SELECT id, 'enr_000000000000', label, 'box', '1.0.0', $3, $4
      FROM unnest($1::text[], $2::text[]) AS one (id, label)`,
    [ids, labels, [model], new Date(now)],
  );
  await database.query(
    `INSERT INTO device_models (device, model, active, highest, reported_at)
      SELECT id, $2, 1, 1, $3 FROM unnest($1::text[]) AS one (id)`,
    [ids, model, new Date(now)],
  );
  await startEdgeRollout(database, {
    ...{ id: "er_1", model, release: 1, rings: [{ share: 1 }], gate: usualGate, actor: { id: "ann" }, now },
  });
  await database.query("UPDATE edge_rollouts SET state = 'done'");
}

type Opened = { readonly clock: FakeClock; readonly releases: () => readonly Release[] };

/** The real routes behind a ring that takes the device's word for who it is. */
function openGateway(database: Database, { clock, releases }: Opened): Gateway {
  const [onlineKey, newestLists] = [makeKey(), async () => undefined];
  const app = new Hono<GatewayEnv>();
  app.onError(answerProblem);
  app.use(async (c, next) => {
    const { id = "", label } = c.req.header();
    c.set("device", { id, label, hardware: "box", models: [model], kid: "k" });
    c.set("provedBody", Buffer.from(await c.req.arrayBuffer()));
    await next();
  });
  app.route("/edge/v1", planRoutes({ database, onlineKey, releases, newestLists, pollMs, clock }));
  const headers = ({ id, label }: Pick<SimulatedDevice, "id" | "label">) => ({ id, ...(label && { label }) });
  return {
    plan: async (device, query = `?nonce=${nonce}`) =>
      app.request(`/edge/v1/plan${query}`, { headers: headers(device) }),
    report: async (device, body) =>
      app.request("/edge/v1/report", {
        ...{ method: "POST", headers: headers(device), body: JSON.stringify(body) },
      }),
    read: async (response) => {
      if (response.status !== 200) throw new Error(await response.text());
      const { payload, protectedHeader } = await compactVerify(
        await response.text(),
        createPublicKey(onlineKey.privateKey),
      );
      if (protectedHeader.kid !== onlineKey.id) throw new Error("another key signed");
      return plan.parse(JSON.parse(new TextDecoder().decode(payload)));
    },
  };
}

async function poll(fleet: RingedFleet, device: SimulatedDevice, behaviour: Behaviour): Promise<void> {
  const gateway = fleet.gateways[Number.parseInt(device.id.slice(-2), 36) % fleet.gateways.length];
  if (!gateway) throw new Error("there is no gateway");
  const { models } = await gateway.read(await gateway.plan(device));
  const before = JSON.stringify(reportOf(device));
  device.told = models[0];
  follow(device, behaviour);
  const told = reportOf(device);
  if (JSON.stringify(told) === before) return;
  const answer = await gateway.report(device, told);
  if (answer.status !== 204) throw new Error(await answer.text());
}

function follow(device: SimulatedDevice, behaviour: Behaviour): void {
  const release = device.told?.release ?? null;
  if (release === null || release === device.active) device.wanted = null;
  // What lies on the shelf already is taken at once.
  else if (release === device.previous) take(device, release);
  else if (device.wanted === release) tryOut(device, release, behaviour);
  // What failed here is not tried again.
  else if (device.failed?.release !== release || device.failed.cause !== "self_test_failed") {
    device.wanted = release;
    device.failed = null;
  }
}

function tryOut(device: SimulatedDevice, release: number, behaviour: Behaviour): void {
  const does = behaviour(device.id, release);
  if (does === "takes") take(device, release);
  else {
    device.failed = { release, cause: does === "fails" ? "self_test_failed" : "download_failed" };
    device.wanted = null;
  }
}

function take(device: SimulatedDevice, release: number): void {
  device.previous = device.active;
  device.active = release;
  device.wanted = null;
  device.failed = null;
}
