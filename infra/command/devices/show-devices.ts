import process from "node:process";
import { type DeviceListing, listDevices, readDevice, stateOf } from "#gateway/records/devices.ts";
import type { Database } from "#infra/runtime/postgres/database.ts";
import type { Options } from "../config/at-database.ts";
import { printable, table } from "../explain/table.ts";
import type { DeviceFlags } from "./device-flags.ts";

type Work = (database: Database, options: Options) => Promise<number>;

const page = 1_000;

/** All devices, the oldest first. */
export function listAll({ label, all, json }: DeviceFlags): Work {
  return async (database, options) => {
    const found: DeviceListing[] = [];
    for (;;) {
      const after = found.at(-1)?.id;
      const next = await listDevices(database.query, { label, all, after, most: page }, options);
      found.push(...next);
      if (next.length < page) break;
    }
    const text = json ? JSON.stringify(found.map(plain), null, 2) : table(head, found.map(row));
    process.stdout.write(`${text}\n`);
    return 0;
  };
}

export function showOne(id: string, { json }: DeviceFlags): Work {
  return async (database, options) => {
    const device = await readDevice(database.query, id, options);
    const { report, ...said } = plain(device);
    const lines = Object.entries(said).map(([name, value]) => `${name}: ${printable(inWords(value))}`);
    const last = report === null ? [] : ["report:", JSON.stringify(report, null, 2)];
    const text = json ? JSON.stringify({ ...said, report }, null, 2) : [...lines, ...last].join("\n");
    process.stdout.write(`${text}\n`);
    return 0;
  };
}

const head = ["id", "state", "label", "hardware", "agent", "models", "last seen"].map((name) => ({ name }));

function row(device: DeviceListing): string[] {
  const { id, label = "-", hardware, agent, models, lastSeenAt } = device;
  const wanted = models.length === 0 ? "all" : models.join(",");
  return [id, stateOf(device), label, hardware, agent, wanted, lastSeenAt?.toISOString() ?? "never"];
}

function plain(device: DeviceListing) {
  const { id, label, hardware, agent, models, createdAt, lastSeenAt, revokedAt, setAside, keys } = device;
  return {
    id,
    state: stateOf(device),
    label: label ?? null,
    hardware,
    agent,
    models: models.length === 0 ? "all" : models,
    created_at: createdAt.toISOString(),
    last_seen_at: lastSeenAt?.toISOString() ?? null,
    revoked_at: revokedAt?.toISOString() ?? null,
    set_aside: setAside ? `${setAside.at.toISOString()}: ${setAside.why}` : null,
    keys: keys.map(({ thumbprint, endsAt }) =>
      endsAt ? `${thumbprint} until ${endsAt.toISOString()}` : thumbprint,
    ),
    reported_at: device.reportedAt?.toISOString() ?? null,
    report: device.report ?? null,
  };
}

function inWords(value: unknown): string {
  if (value === null) return "-";
  return Array.isArray(value) ? value.join(", ") : String(value);
}
