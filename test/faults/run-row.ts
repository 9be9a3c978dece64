import { setTimeout as sleep } from "node:timers/promises";
import { keysYaml, makeFileKey, picture, startGateway } from "#test/support/gateway-process.ts";
import type { ProgrammableBackend } from "#test/support/programmable-backend/launch.ts";
import { startRedisServer } from "#test/support/redis-server.ts";
import { deadlineMs, type Row, sloMs, type Times } from "./fault-row.ts";
import { type Measured, measure } from "./measure.ts";
import { now, openLoop } from "./open-loop.ts";

export type Setting = { readonly perSecond: number; readonly times: Times };

/** Long enough that a few rests of a backend and its return fall into it. */
export const full: Setting = { perSecond: 100, times: { beforeMs: 2_000, duringMs: 6_000, afterMs: 12_000 } };
export const quick: Setting = { perSecond: 40, times: { beforeMs: 600, duringMs: 2_000, afterMs: 1_500 } };
/** Rows of the quick table that run side by side: they mostly wait. */
export const quickLanes = 5;

const warmUpMs = 300;

export type Fleet = readonly ProgrammableBackend[];

/** A steady open load through a new gateway, in which the fault begins and ends. The fleet is left as it was found. */
export async function runRow(row: Row, fleet: Fleet, setting: Setting): Promise<Measured> {
  await using opened = new AsyncDisposableStack();
  const needsRedis = row.fault.kind === "redis";
  const redis = needsRedis ? opened.use(await startRedisServer()) : undefined;
  opened.defer(() => heal(fleet));
  await heal(fleet);
  for (const backend of fleet) await backend.behave({ ...row.usual });
  const { whom } = row;
  const faulty = whom === "all" ? fleet : fleet.filter((_, place) => whom.includes(place));
  if (row.fault.kind === "comes") for (const backend of faulty) await backend.kill();
  const key = makeFileKey({ scopes: ["infer"], limits: [{ requests: 1_000_000, per: "1s" }] });
  const gateway = opened.use(
    await startGateway({
      backend: "",
      config: configOf(fleet),
      keys: keysYaml([key]),
      env: redis ? { REDIS_URL: redis.url } : {},
    }),
  );
  const times = { ...setting.times, ...longer(setting, row.times) };
  const asked = {
    url: gateway.url,
    path: "/v1/models/digits-s/detect",
    headers: { authorization: `Bearer ${key.text}`, "content-type": "image/png" },
    body: await picture(7),
    perSecond: setting.perSecond,
  };
  // The first requests of a new gateway are slow by themselves.
  await openLoop({ ...asked, forMs: warmUpMs });
  for (const backend of fleet) if (backend.isRunning()) await backend.forget();
  const forMs = times.beforeMs + times.duringMs + times.afterMs;
  const load = openLoop({ ...asked, forMs });
  const began = now();
  await sleep(times.beforeMs);
  const beganMs = now();
  await Promise.all(faulty.map((backend) => begin(row, backend)));
  await redis?.kill();
  await sleep(Math.max(0, began + times.beforeMs + times.duringMs - now()));
  const again = redis && opened.use(await startRedisServer({ port: redis.port }));
  await Promise.all(faulty.map((backend) => end(row, backend)));
  const endedMs = now();
  const samples = await load;
  const arrivals = await Promise.all(fleet.map((backend) => backend.arrivals()));
  await again?.close();
  return measure(row, { samples, arrivals, beganMs, endedMs });
}

/** A row may want more time than the table gives it, and never less. */
function longer({ times }: Setting, wanted: Partial<Times> = {}): Partial<Times> {
  const names = ["beforeMs", "duringMs", "afterMs"] as const;
  return Object.fromEntries(names.map((name) => [name, Math.max(times[name], wanted[name] ?? 0)]));
}

function configOf(fleet: Fleet): Readonly<Record<string, unknown>> {
  return {
    providers: { fleet: { kind: "static", urls: fleet.map(({ url }) => url) } },
    routes: [{ models: ["digits-s"], slo: `${sloMs}ms`, failover: [["fleet"]], cache: "off" }],
    limits: { requestTimeout: `${deadlineMs}ms` },
  };
}

async function begin({ fault, usual }: Row, backend: ProgrammableBackend): Promise<void> {
  if (fault.kind === "behaves") await backend.behave({ ...usual, ...fault.as });
  if (fault.kind === "killed" || fault.kind === "restarted") await backend.kill();
  if (fault.kind === "restarted") await backend.revive();
  if (fault.kind === "stopped") backend.pause();
  if (fault.kind === "cut") await backend.cut();
  if (fault.kind !== "comes") return;
  await backend.revive();
  await backend.behave({ ...usual, ...fault.as });
}

async function end({ fault, usual }: Row, backend: ProgrammableBackend): Promise<void> {
  if (fault.kind === "behaves") await backend.behave({ ...usual });
  if (fault.kind === "killed") await backend.revive();
  if (fault.kind === "stopped") backend.resume();
  if (fault.kind === "cut") await backend.restore();
}

async function heal(fleet: Fleet): Promise<void> {
  for (const backend of fleet) {
    backend.resume();
    await backend.revive();
    await backend.restore();
    await backend.behave({});
    await backend.forget();
  }
}
