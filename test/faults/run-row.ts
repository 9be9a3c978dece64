import { setTimeout as sleep } from "node:timers/promises";
import { keysYaml, makeFileKey, picture, startGateway } from "#test/support/gateway-process.ts";
import type { Behaviour } from "#test/support/programmable-backend/behaviour.ts";
import type { ProgrammableBackend } from "#test/support/programmable-backend/launch.ts";
import { startRedisServer } from "#test/support/redis-server.ts";
import { deadlineMs, type Row, sloMs, type Times } from "./fault-row.ts";
import { type Measured, measure } from "./measure.ts";
import { now, openLoop } from "./open-loop.ts";
import { type Fleet, settle, type Usual } from "./settle.ts";

export type Setting = { readonly perSecond: number; readonly times: Times };

/** Long enough that a few rests of a backend and its return fall into it. */
export const full: Setting = { perSecond: 40, times: { beforeMs: 1_500, duringMs: 3_000, afterMs: 8_000 } };
export const quick: Setting = { perSecond: 40, times: { beforeMs: 1_000, duringMs: 2_000, afterMs: 1_500 } };
/** Rows of the quick table that run side by side: they mostly wait. */
export const quickLanes = 5;

/** A steady open load through a new gateway, in which the fault begins and ends. The fleet is left as it was found. */
export async function runRow(row: Row, fleet: Fleet, setting: Setting): Promise<Measured> {
  await using opened = new AsyncDisposableStack();
  const needsRedis = row.fault.kind === "redis";
  const redis = needsRedis ? opened.use(await startRedisServer()) : undefined;
  opened.defer(() => heal(fleet));
  await heal(fleet);
  for (const backend of fleet) await backend.behave({ ...row.usual });
  const [first] = fleet;
  if (row.fault.kind === "comes") await first?.kill();
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
  const { faulty, usual } = await settle(row, fleet, asked);
  for (const backend of fleet) if (backend.isRunning()) await backend.forget();
  const over = new AbortController();
  opened.defer(() => over.abort());
  const load = openLoop({ ...asked, over: over.signal });
  const began = now();
  await sleep(times.beforeMs);
  const beganMs = now();
  await Promise.all(faulty.map((backend) => begin(row, backend, usual)));
  await redis?.kill();
  await sleep(Math.max(0, began + times.beforeMs + times.duringMs - now()));
  const endsMs = now();
  const again = redis && opened.use(await startRedisServer({ port: redis.port }));
  await Promise.all(faulty.map((backend) => end(row, backend, usual)));
  const endedMs = now();
  await sleep(times.afterMs);
  over.abort();
  const samples = await load;
  const arrivals = await Promise.all(fleet.map((backend) => backend.arrivals()));
  await again?.close();
  const hit = faulty.map((backend) => fleet.indexOf(backend));
  return measure({ samples, arrivals, hit, beganMs, endsMs, endedMs });
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

async function begin({ fault }: Row, backend: ProgrammableBackend, usual: Usual): Promise<void> {
  if (fault.kind === "behaves") await backend.behave(changed(usual, fault.as));
  if (fault.kind === "killed" || fault.kind === "restarted") await backend.kill();
  if (fault.kind === "restarted") await backend.revive();
  if (fault.kind === "stopped") backend.pause();
  if (fault.kind === "cut") await backend.cut();
  if (fault.kind !== "comes") return;
  await backend.revive();
  await backend.behave(changed(usual, fault.as));
}

/** Who becomes slower does so by as much, however quick it was. */
function changed(usual: Usual, as: Partial<Behaviour>): Usual {
  return { ...usual, ...as, slowness: usual.slowness * (as.slowness ?? 1) };
}

async function end({ fault }: Row, backend: ProgrammableBackend, usual: Usual): Promise<void> {
  if (fault.kind === "behaves") await backend.behave(usual);
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
