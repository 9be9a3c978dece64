import { z } from "zod";
import type { Query } from "#infra/runtime/postgres/database.ts";
import { livenessOf } from "../devices/liveness.ts";
import { ringOf } from "../devices/rings/cohort.ts";
import { type EdgeRollout, noCount, type RingCount } from "../devices/rings/rollout.ts";

type Sized = Pick<EdgeRollout, "id" | "model" | "rings"> & { readonly now: number };

/** How many devices each ring has beside those before it, and how many of them were heard of lately; nothing else is counted. */
export async function countRings(query: Query, { id, model, rings, now }: Sized): Promise<RingCount[]> {
  const counts = rings.map(() => ({ ...noCount }));
  for (const { pollMs, lastSeen, ...device } of await query(devicesOf, [model], { parse: parseDevice })) {
    const count = counts[ringOf({ id, rings }, device) ?? -1];
    if (!count) continue;
    count.devices += 1;
    if (livenessOf({ lastSeen, pollMs }, now) !== "offline") count.live += 1;
  }
  return counts;
}

/** The same counts of reports, over rings as large as they are now. */
export function resize(counts: readonly RingCount[], sizes: readonly RingCount[]): RingCount[] {
  return counts.map((count, place) => {
    const { devices, live } = sizes[place] ?? count;
    return { ...count, devices, live };
  });
}

/** Until a device was told how often to ask. */
export const unknownPollMs = 300_000;

/** Those who are not set aside, may have the model, and do not stay at a release by hand. */
const devicesOf = `SELECT device.id, device.label, device.last_seen_at, device.poll_ms FROM devices device
  LEFT JOIN device_pins pin ON pin.device = device.id AND pin.model = $1
  WHERE device.revoked_at IS NULL AND device.set_aside_at IS NULL AND pin.device IS NULL
    AND (device.models = '{}' OR $1 = ANY (device.models))
  LIMIT 1000000`;

const row = z.object({
  id: z.string(),
  label: z.string().nullable(),
  last_seen_at: z.date().nullable(),
  poll_ms: z.number().nullable(),
});

function parseDevice(given: unknown) {
  const { id, label, last_seen_at: at, poll_ms: pollMs } = row.parse(given);
  return { id, label: label ?? undefined, lastSeen: at?.getTime(), pollMs: pollMs ?? unknownPollMs };
}
