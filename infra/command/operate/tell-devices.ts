import { type DeviceSight, sight } from "#gateway/devices/device-sight.ts";
import { hasFailed, sumFleet } from "#gateway/devices/sum-fleet.ts";
import { readWholeFleet } from "#gateway/records/device-sights.ts";
import { readEdgeRollouts } from "#gateway/records/edge-rollouts.ts";
import type { DevicesAsk } from "./devices-ask.ts";
import { openFleetRecords } from "./open-fleet.ts";
import type { Operator } from "./operator.ts";
import { type DevicesSight, showDevices } from "./show-devices.ts";
import { writeDevices } from "./write-devices.ts";

/** Says how devices stand: what they are to run, what they run, and how rollouts go. */
export async function tellDevices(ask: DevicesAsk, operator: Operator): Promise<number> {
  await using records = await openFleetRecords(operator);
  const { query } = records.database;
  const { model, label, isFailed, isJson } = ask;
  const { signal } = operator;
  const now = operator.clock.now();
  const devices = await readWholeFleet(query, { model, label }, { signal });
  const models = model === undefined ? undefined : [model];
  const seen: DevicesSight = {
    models: sumFleet(devices, now),
    rollouts: await readEdgeRollouts(query, { models, most: 1 }, { signal }),
    devices: isFailed ? devices.filter((one) => isBroken(one, now)) : devices,
    isSelected: isFailed,
    now,
  };
  operator.tell(isJson ? JSON.stringify(writeDevices(seen), undefined, 2) : showDevices(seen));
  return 0;
}

function isBroken(device: DeviceSight, now: number): boolean {
  return device.models.some((model) => hasFailed(sight(device, model, now)));
}
