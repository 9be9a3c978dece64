import { z } from "zod";
import { thumbprintOf } from "#infra/runtime/devices/proof.ts";
import type { DeviceKey } from "#infra/runtime/devices/words.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";

type Options = { readonly signal?: AbortSignal };

/** A key and whose it is: both stay as they are for good, so whoever read it once may keep it. */
export type OwnedKey = { readonly device: string; readonly key: DeviceKey };

export async function findDeviceKey(
  query: Query,
  thumbprint: string,
  options: Options = {},
): Promise<OwnedKey | undefined> {
  const text = "SELECT device, x FROM device_keys WHERE thumbprint = $1";
  const [found] = await query(text, [thumbprint], { ...options, parse: (row) => owned.parse(row) });
  return found && { device: found.device, key: { kty: "OKP", crv: "Ed25519", x: found.x } };
}

const owned = z.object({ device: z.string(), x: z.string() });

/** How long a key that was exchanged is good beside the one that follows it. */
export const overlapMs = 86_400_000;

export type RotateDeviceKey = {
  readonly device: string;
  /** Thumbprint of the key that asks. */
  readonly by: string;
  readonly key: DeviceKey;
};

/** The newest key alone may name its successor; whoever asks for the same one again is told the same. */
export async function rotateDeviceKey(
  database: Database,
  { device, by, key }: RotateDeviceKey,
  options: Options = {},
): Promise<{ readonly endsAt: Date }> {
  const thumbprint = thumbprintOf(key);
  return await database.transaction(async (query) => {
    await query("SELECT 1 FROM devices WHERE id = $1 FOR UPDATE", [device]);
    const live = await readLive(query, device);
    const asking = live.find((one) => one.thumbprint === by);
    const newest = live.find(({ endsAt }) => endsAt === undefined)?.thumbprint;
    if (asking?.endsAt && newest === thumbprint) return { endsAt: asking.endsAt };
    if (newest !== by) throw refused("only the newest key of a device names its successor");
    if (live.length >= mostLive) throw tooSoon();
    const endsAt = await end(query, by);
    await insert(query, device, key);
    const details = { by, thumbprint, both_until: endsAt };
    const actor = { id: `device:${device}` };
    await recordAudit(query, { actor, action: "device.key", subject: device, tenant, details });
    return { endsAt };
  }, options);
}

const tenant = usualRights.tenant;

/** With the new one: whoever holds a key cannot make a row of them. */
const mostLive = 4;

type LiveKey = { readonly thumbprint: string; readonly endsAt: Date | undefined };

function readLive(query: Query, device: string): Promise<LiveKey[]> {
  const text = `SELECT thumbprint, ends_at FROM device_keys
    WHERE device = $1 AND (ends_at IS NULL OR ends_at > now())`;
  return query(text, [device], {
    parse: (row) => {
      const { thumbprint, ends_at } = live.parse(row);
      return { thumbprint, endsAt: ends_at ?? undefined };
    },
  });
}

const live = z.object({ thumbprint: z.string(), ends_at: z.date().nullable() });

async function end(query: Query, thumbprint: string): Promise<Date> {
  const text = `UPDATE device_keys SET ends_at = now() + make_interval(secs => $2) WHERE thumbprint = $1
    RETURNING ends_at`;
  const [ended] = await query(text, [thumbprint, overlapMs / 1_000], { parse: (row) => ending.parse(row) });
  if (!ended) throw new TradewindError("internal", "a device's key ended and was not given back");
  return ended.ends_at;
}

const ending = z.object({ ends_at: z.date() });

async function insert(query: Query, device: string, key: DeviceKey): Promise<void> {
  const text = `INSERT INTO device_keys (thumbprint, device, x) VALUES ($1, $2, $3)
    ON CONFLICT DO NOTHING RETURNING device`;
  const added = await query(text, [thumbprintOf(key), device, key.x]);
  if (added.length === 0) throw refused("the new key was used before");
}

function refused(message: string): TradewindError {
  return new TradewindError("proof_refused", message);
}

function tooSoon(): TradewindError {
  const message = `a device has ${mostLive} good keys at most: wait until one of those that were exchanged has ended`;
  return new TradewindError("rate_limited", message, { retryAfterMs: 3_600_000 });
}
