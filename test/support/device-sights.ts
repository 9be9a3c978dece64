import type { DeviceModel, DeviceSight } from "#gateway/devices/device-sight.ts";
import type { ModelReport } from "#infra/runtime/devices/words.ts";
import { deviceId, held, model, modelReport } from "./edge-rollouts.ts";

export const seenAt = 1_700_000_000_000;

export function deviceSight(number: number, given: Partial<DeviceSight> = {}): DeviceSight {
  return {
    ...{ id: deviceId(number), label: undefined, hardware: "box", agent: "1.0.0", lastSeen: seenAt },
    ...{ pollMs: 60_000, setAside: undefined, trouble: undefined, models: [] },
    ...given,
  };
}

/** Told to run one release, a minute ago, and saying that it runs another. */
export function deviceModel(
  planned: number | null,
  active: number,
  report: Partial<ModelReport> = {},
): DeviceModel {
  return {
    model,
    planned: { release: planned, why: "rollout", since: seenAt - 60_000 },
    reported: { ...modelReport({ active: held(active), ...report }), at: seenAt },
  };
}
