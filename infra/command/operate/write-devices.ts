import { writeDevice, writeEdgeRollout, writeModelSum } from "#gateway/devices/written-fleet.ts";
import type { DevicesSight } from "./show-devices.ts";

/** Devices as a program reads of them. */
export function writeDevices({ models, rollouts, devices, now }: DevicesSight) {
  return {
    models: models.map(writeModelSum),
    rollouts: rollouts.map(writeEdgeRollout),
    devices: devices.map((device) => writeDevice(device, now)),
  };
}
