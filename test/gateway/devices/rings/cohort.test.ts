import { expect, test } from "vitest";
import { cohortOf, cohorts, isReached, ringOf } from "#gateway/devices/rings/cohort.ts";
import { type Ring, usualRings } from "#gateway/devices/rings/rollout.ts";
import { deviceId, edgeRollout } from "#test/support/edge-rollouts.ts";

const devices = Array.from({ length: 10_000 }, (_, number) => ({ id: deviceId(number), label: undefined }));

test("over ten thousand devices a cohort is the same at every look, and whoever is in a ring is in all that follow", () => {
  const asked = devices.map((device) =>
    usualRings.map((_, ring) => isReached(edgeRollout({ ring }), device)),
  );
  const again = devices.map((device) =>
    usualRings.map((_, ring) => isReached(edgeRollout({ ring }), device)),
  );
  expect(again).toEqual(asked);
  const left = asked.filter((reached) => reached.some((is, ring) => !is && reached[ring - 1] === true));
  expect(left).toEqual([]);
  expect(asked.every((reached) => reached.at(-1))).toBe(true);
});

test("a ring has about its share of ten thousand devices", () => {
  for (const [ring, share] of [0.01, 0.1, 0.5, 1].entries()) {
    const reached = devices.filter((device) => isReached(edgeRollout({ ring }), device)).length;
    expect(Math.abs(reached / 10_000 - share)).toBeLessThanOrEqual(0.015);
  }
});

test("the devices that go first are others in the next rollout", () => {
  const first = (id: string) =>
    new Set(devices.filter((device) => isReached(edgeRollout({ id, ring: 0 }), device)).map(({ id }) => id));
  const [one, two] = [first("er_one"), first("er_two")];
  const both = [...one].filter((id) => two.has(id));
  expect(one.size).toBeGreaterThan(50);
  expect(both.length).toBeLessThan(one.size / 5);
});

test("cohorts lie within their bounds", () => {
  const all = devices.slice(0, 1_000).map(({ id }) => cohortOf("er_one", id));
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...all)).toBeLessThan(cohorts);
});

test("a ring by label has the devices with that label, and nobody else goes before the next", () => {
  const rings: Ring[] = [{ devices: "canary" }, { share: 1 }];
  expect(ringOf({ id: "er_one", rings }, { id: deviceId(1), label: "canary" })).toBe(0);
  expect(ringOf({ id: "er_one", rings }, { id: deviceId(1), label: "gate" })).toBe(1);
  expect(ringOf({ id: "er_one", rings }, { id: deviceId(1), label: undefined })).toBe(1);
});

test("a device that no ring reaches is in none", () => {
  const rings: Ring[] = [{ devices: "canary" }];
  expect(ringOf({ id: "er_one", rings }, { id: deviceId(1), label: undefined })).toBeUndefined();
  expect(isReached(edgeRollout({ rings }), { id: deviceId(1), label: undefined })).toBe(false);
});
