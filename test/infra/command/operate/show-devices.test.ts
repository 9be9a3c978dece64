import { expect, test } from "vitest";
import { sumFleet } from "#gateway/devices/sum-fleet.ts";
import { readDevicesAsk } from "#infra/command/operate/devices-ask.ts";
import { type DevicesSight, showDevices } from "#infra/command/operate/show-devices.ts";
import { deviceModel, deviceSight, seenAt } from "#test/support/device-sights.ts";
import { deviceId, edgeRollout, ringCount } from "#test/support/edge-rollouts.ts";

function seen(devices: DevicesSight["devices"], more: Partial<DevicesSight> = {}): DevicesSight {
  return {
    models: sumFleet(devices, seenAt),
    rollouts: [],
    devices,
    isSelected: false,
    now: seenAt,
    ...more,
  };
}

const failure = { cause: "self_test_failed", release: 2, detail: "3 of 8 agreed" } as const;
const failed = deviceSight(2, { models: [deviceModel(2, 1, { state: "fell_back", failure })] });
const good = deviceSight(1, { label: "gate", models: [deviceModel(2, 2)] });

test("a few devices are shown one by one under the sums of their models", () => {
  const text = showDevices(seen([good, failed]));
  expect(text).toMatch(/^digits-n +2 +1 +0 +0 +0 +1 +0 +0 +0 +0 +0 +1 behind, 1m by half, 1m at most$/m);
  expect(text).toMatch(/^digits-n +2 +2 +1$/m);
  expect(text).toMatch(/^digits-n release 2: self_test_failed on 1 device$/m);
  expect(text).toMatch(new RegExp(`^${good.id} +gate +digits-n +2 +rollout +2 +in sync +- +0s ago$`, "m"));
  expect(text).toMatch(/2 +rollout +1 +fell back +1m +0s ago +self_test_failed 3 of 8 agreed$/m);
});

test("many devices are shown as sums, and one by one only where they failed", () => {
  const many = Array.from({ length: 30 }, (_, number) =>
    deviceSight(number + 10, { models: [deviceModel(2, 2)] }),
  );
  expect(showDevices(seen([...many, failed]))).not.toContain("dev_");
  const broken = showDevices(seen([failed], { isSelected: true }));
  expect(broken).toContain(failed.id);
});

test("a rollout is shown ring by ring, with why it stopped", () => {
  const rollout = edgeRollout({
    state: "stopped",
    why: "ring 2 of 4 (10%): more than 5% failed",
    progress: {
      ...{ ring: 1, since: 0, enoughSince: null },
      counts: [
        ringCount({ devices: 10, live: 10, succeeded: 10 }),
        ringCount({ devices: 90, live: 88, failed: 5 }),
      ],
    },
  });
  const text = showDevices(seen([], { rollouts: [rollout] }));
  expect(text).toContain("rollout er_two of digits-n release 2 by ann at 1970-01-01T00:00:00.000Z: stopped");
  expect(text).toContain("  ring 2 of 4 (10%): more than 5% failed");
  expect(text).toContain("  ring 1 of 4 (1%): 10 devices, 10 live: 10 in sync, 0 failed");
  expect(text).toContain("  ring 3 of 4 (50%): not begun");
});

test("the ring in hand is shown once, with what it waits for, and how long a probation may last", () => {
  const why = "ring 2 of 4 (10%): 0 of at least 1 have tried; 90 devices, 88 live: 0 in sync, 0 failed";
  const progress = { ring: 1, since: 0, enoughSince: null, counts: [ringCount({ devices: 10 })] };
  const rollout = edgeRollout({ why, progress });
  const trying = deviceSight(1, { models: [deviceModel(2, 2, { state: "probation" })] });
  const text = showDevices(seen([trying], { rollouts: [rollout] }));
  expect(text.match(/ring 2 of 4/g)).toHaveLength(1);
  expect(text).toContain(`  ${why}\n`);
  expect(text).toContain(
    "  1 on probation, which lasts 200 images, or 15 minutes with at least 25, or a day",
  );
  expect(showDevices(seen([good], { rollouts: [rollout] }))).not.toContain("on probation,");
  const paused = edgeRollout({ state: "paused", why: "paused by ann", progress });
  expect(showDevices(seen([], { rollouts: [paused] }))).toContain("  paused by ann\n  ring 1 of 4");
});

test("a device that is set aside is told with the reason, and no text of a device moves the cursor", () => {
  const aside = deviceSight(3, { setAside: { at: 0, why: "a \u001b[2Jcopy" }, trouble: "x\u001b[2J" });
  const text = showDevices(seen([aside]));
  expect(text).toContain(`${deviceId(3)} is set aside since 1970-01-01T00:00:00.000Z: a ?[2Jcopy`);
  expect(text).not.toContain("\u001b");
  expect(text).toContain("no device is known yet");
});

test("status devices takes a model and a label, and refuses what is neither", () => {
  expect(readDevicesAsk(["--model", "digits-n", "--label", "gate", "--failed", "--json"])).toEqual({
    ...{ model: "digits-n", label: "gate", isFailed: true, isJson: true },
  });
  expect(() => readDevicesAsk(["--model", "a b"])).toThrow("--model: expected a name");
  expect(() => readDevicesAsk(["--label", "'"])).toThrow("--label: expected a name");
  expect(() => readDevicesAsk(["--config", "x"])).toThrow("unknown option");
});
