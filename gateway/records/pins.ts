import { z } from "zod";
import { TradewindError } from "#infra/runtime/errors.ts";
import type { Database, Query } from "#infra/runtime/postgres/database.ts";
import { type Actor, refuseUnlessOperator } from "./actor.ts";
import { usualRights } from "./api-key.ts";
import { recordAudit } from "./audit.ts";

type Options = { readonly signal?: AbortSignal };

/** A device that stays at a release of a model whatever is rolled out. */
export type Pin = { readonly device: string; readonly model: string; readonly release: number };

type PinAsk = Pin & { readonly actor: Actor };

/** A second pin takes the place of the first. */
export async function pinDevice(
  database: Database,
  { device, model, release, actor }: PinAsk,
  options: Options = {},
): Promise<void> {
  refuseUnlessOperator(actor, "pin devices");
  await database.transaction(async (query) => {
    const found = await query("SELECT 1 FROM devices WHERE id = $1 FOR SHARE", [device]);
    if (found.length === 0)
      throw new TradewindError("record_unknown", `there is no device ${device.slice(0, 40)}`);
    const text = `INSERT INTO device_pins (device, model, release, actor) VALUES ($1, $2, $3, $4)
      ON CONFLICT (device, model) DO UPDATE SET release = $3, actor = $4, created_at = now()`;
    await query(text, [device, model, release, actor.id]);
    const details = { model, release };
    await recordAudit(query, { actor, action: "device.pin", subject: device, tenant, details });
  }, options);
}

/** Whether there was one to take off. */
export async function unpinDevice(
  database: Database,
  { device, model, actor }: Omit<PinAsk, "release">,
  options: Options = {},
): Promise<boolean> {
  refuseUnlessOperator(actor, "unpin devices");
  return await database.transaction(async (query) => {
    const text = "DELETE FROM device_pins WHERE device = $1 AND model = $2 RETURNING 1";
    const wasPinned = (await query(text, [device, model])).length > 0;
    if (wasPinned)
      await recordAudit(query, {
        actor,
        action: "device.unpin",
        subject: device,
        tenant,
        details: { model },
      });
    return wasPinned;
  }, options);
}

export async function readPins(
  query: Query,
  device: string,
  options: Options = {},
): Promise<ReadonlyMap<string, number>> {
  const text = "SELECT device, model, release FROM device_pins WHERE device = $1";
  const pins = await query(text, [device], { ...options, parse: (row) => pin.parse(row) });
  return new Map(pins.map(({ model, release }) => [model, release]));
}

const tenant = usualRights.tenant;

const pin = z.object({ device: z.string(), model: z.string(), release: z.coerce.number() });
