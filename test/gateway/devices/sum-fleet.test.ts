import { expect, test } from "vitest";
import { type DeviceSight, sight } from "#gateway/devices/device-sight.ts";
import { sumFleet } from "#gateway/devices/sum-fleet.ts";
import { deviceModel, deviceSight, seenAt } from "#test/support/device-sights.ts";
import { model } from "#test/support/edge-rollouts.ts";

const pollMs = 60_000;

function stateAt(device: DeviceSight, now = seenAt) {
  const [first] = device.models;
  return first && sight(device, first, now).state;
}

test("a device that runs what it was told to is in sync, one that does not is not, whatever it says", () => {
  expect(stateAt(deviceSight(1, { models: [deviceModel(2, 2)] }))).toBe("in_sync");
  expect(stateAt(deviceSight(1, { models: [deviceModel(2, 1)] }))).toBe("syncing");
  expect(stateAt(deviceSight(1, { models: [deviceModel(null, 1)] }))).toBe("in_sync");
  expect(stateAt(deviceSight(1, { models: [deviceModel(2, 2, { state: "probation" })] }))).toBe("probation");
});

test("a silent device is in no good state any more, whatever it said last", () => {
  const device = deviceSight(1, { models: [deviceModel(2, 2)] });
  expect([0, 1.9, 2, 4.9, 5].map((polls) => stateAt(device, seenAt + polls * pollMs))).toEqual([
    ...["in_sync", "in_sync", "stale", "stale", "offline"],
  ]);
  expect(stateAt({ ...device, lastSeen: undefined })).toBe("offline");
});

test("a device that is set aside is that before all else, and one that was told and never reported waits", () => {
  const aside = { setAside: { at: 0, why: "a copy" }, models: [deviceModel(2, 2)] };
  expect(stateAt(deviceSight(1, aside))).toBe("set_aside");
  const unheard = { ...deviceModel(2, 2), reported: undefined };
  expect(stateAt(deviceSight(1, { models: [unheard] }))).toBe("waiting");
});

test("a model's devices are summed by state, by release, by cause and by how far they are behind", () => {
  const failure = { cause: "unhealthy", release: 2, detail: "" } as const;
  const devices = [
    deviceSight(1, { models: [deviceModel(2, 2)] }),
    deviceSight(2, { models: [deviceModel(2, 1)] }),
    deviceSight(3, { models: [deviceModel(2, 1, { state: "fell_back", failure })] }),
    deviceSight(4, { models: [deviceModel(2, 1, { state: "failed", failure })] }),
    deviceSight(5, {
      models: [deviceModel(2, 1, { state: "failed", failure })],
      lastSeen: seenAt - 5 * pollMs,
    }),
    deviceSight(6, { models: [{ ...deviceModel(1, 1), model: "plates" }] }),
  ];
  const [digits, plates] = sumFleet(devices, seenAt);
  expect(digits).toMatchObject({
    model,
    devices: 5,
    states: { in_sync: 1, syncing: 1, fell_back: 1, failed: 1, offline: 1, stale: 0 },
    releases: [
      { release: 1, desired: 0, reported: 4 },
      { release: 2, desired: 5, reported: 1 },
    ],
    failures: [{ cause: "unhealthy", release: 2, devices: 2 }],
    lag: { devices: 3, p50Ms: 60_000, mostMs: 60_000 },
  });
  expect(plates).toMatchObject({ model: "plates", devices: 1, lag: undefined, failures: [] });
  expect(sumFleet([], seenAt)).toEqual([]);
});
