import { expect, test } from "vitest";
import { type DeviceFacts, planDevice, type Release } from "#gateway/devices/rings/plan-device.ts";
import type { EdgeRollout } from "#gateway/devices/rings/rollout.ts";
import { deviceFacts, edgeRollout, model, releasesOf } from "#test/support/edge-rollouts.ts";

const done = edgeRollout({ id: "er_one", order: 1, release: 1, state: "done" });

type Given = { releases?: readonly Release[]; rollouts?: readonly EdgeRollout[] };

function plan(device: DeviceFacts, { releases = releasesOf([1, 2, 3]), rollouts = [] }: Given) {
  const [first] = planDevice({ device, rollouts, releases });
  return first;
}

test("a device that the rollout reached gets its release, one that it did not keeps the one before", () => {
  const rollouts = [edgeRollout(), done];
  expect(plan(deviceFacts({ active: 1 }), { rollouts })).toEqual({
    ...{ model, release: 2, why: "rollout", rollout: "er_two" },
  });
  const early = [edgeRollout({ rings: [{ devices: "canary" }, { share: 1 }], ring: 0 }), done];
  expect(plan(deviceFacts({ active: 1 }), { rollouts: early })).toEqual({
    ...{ model, release: 1, why: "steady", rollout: "er_one" },
  });
  expect(plan(deviceFacts({}), { rollouts: early })).toMatchObject({ release: 1, why: "rollout" });
});

test("where nothing was ever rolled out, what runs is left as it is", () => {
  expect(plan(deviceFacts({}), {})).toEqual({ model, release: null, why: "steady" });
  expect(plan(deviceFacts({ active: 1 }), {})).toEqual({ model, release: 1, why: "steady" });
});

test("a paused rollout plans what a device runs, so that nothing begins and nothing is taken back", () => {
  const rollouts = [edgeRollout({ state: "paused" }), done];
  expect(plan(deviceFacts({ active: 1 }), { rollouts })).toMatchObject({ release: 1, why: "paused" });
  expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts })).toMatchObject({
    ...{ release: 2, why: "paused", rollout: "er_two" },
  });
  expect(plan(deviceFacts({}), { rollouts })).toMatchObject({
    release: 1,
    why: "rollout",
    rollout: "er_one",
  });
});

test("of a stopped rollout only the devices that took it are planned back", () => {
  for (const state of ["stopped", "rolled back"] as const) {
    const rollouts = [edgeRollout({ state }), done];
    expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts })).toEqual({
      ...{ model, release: 1, why: "rollback", rollout: "er_two" },
    });
    expect(plan(deviceFacts({ active: 1, highest: 2 }), { rollouts })).toMatchObject({
      release: 1,
      why: "steady",
    });
    expect(plan(deviceFacts({ active: 1 }), { rollouts })).toMatchObject({ release: 1, why: "steady" });
  }
});

test("a device goes back to its own previous release where none was everywhere, and nowhere where it has none", () => {
  const rollouts = [edgeRollout({ state: "stopped" })];
  expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts })).toMatchObject({
    release: 1,
    why: "rollback",
  });
  expect(plan(deviceFacts({ active: 2 }), { rollouts })).toMatchObject({ release: null, why: "rollback" });
  expect(plan(deviceFacts({ active: 1 }), { rollouts })).toMatchObject({ release: 1, why: "steady" });
});

test("nobody goes back to what was taken back as well", () => {
  const rollouts = [
    edgeRollout({ id: "er_three", release: 3, state: "stopped" }),
    edgeRollout({ state: "stopped" }),
    done,
  ];
  expect(plan(deviceFacts({ active: 3, previous: 2 }), { rollouts })).toMatchObject({
    release: null,
    why: "rollback",
  });
  expect(plan(deviceFacts({ active: 3, previous: 1 }), { rollouts })).toMatchObject({
    release: 1,
    why: "rollback",
  });
});

test("what was everywhere and is rolled back by hand gives way to what was everywhere before", () => {
  const rollouts = [edgeRollout({ state: "rolled back" }), done];
  const device = deviceFacts({ active: 2, previous: 1 });
  expect(plan(device, { rollouts: [edgeRollout({ state: "done" }), done] })).toMatchObject({
    ...{ release: 2, why: "steady" },
  });
  expect(plan(device, { rollouts })).toMatchObject({ release: 1, why: "rollback" });
});

test("a rollout whose rings end before everybody leaves the others as they are when it is done", () => {
  const rollouts = [edgeRollout({ state: "done", rings: [{ devices: "canary" }] }), done];
  expect(plan(deviceFacts({ active: 1 }, { label: "canary" }), { rollouts })).toMatchObject({ release: 2 });
  expect(plan(deviceFacts({ active: 1 }), { rollouts })).toMatchObject({ release: 1, why: "steady" });
});

test("a later rollout of the model supersedes one that was under way, whose devices keep what they have until it comes", () => {
  const later = { id: "er_three", order: 3, release: 3, rings: [{ devices: "canary" }, { share: 1 }] };
  const before = edgeRollout({ state: "superseded" });
  const first = [edgeRollout({ ...later, ring: 0 }), before, done];
  expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts: first })).toMatchObject({
    ...{ release: 2, why: "steady" },
  });
  expect(plan(deviceFacts({ active: 1 }), { rollouts: first })).toMatchObject({ release: 1 });
  const last = [edgeRollout(later), before, done];
  expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts: last })).toMatchObject({
    ...{ release: 3, why: "rollout", rollout: "er_three" },
  });
});

test("a device on a release that was stopped goes on to a later one when that comes", () => {
  const rollouts = [edgeRollout({ id: "er_three", release: 3 }), edgeRollout({ state: "stopped" }), done];
  expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts })).toMatchObject({
    release: 3,
    why: "rollout",
  });
  const paused = [edgeRollout({ id: "er_three", release: 3, state: "paused" }), ...rollouts.slice(1)];
  expect(plan(deviceFacts({ active: 2, previous: 1 }), { rollouts: paused })).toMatchObject({
    ...{ release: 1, why: "rollback" },
  });
});

test("a release that was revoked is never planned, whoever asks for it", () => {
  const releases = releasesOf([1, 2], [2]);
  const rollouts = [edgeRollout(), done];
  const devices = [
    deviceFacts({ active: 1 }),
    deviceFacts({ active: 2, previous: 1 }),
    deviceFacts({ active: 2 }),
    deviceFacts({ active: 1 }, { pins: new Map([[model, 2]]) }),
  ];
  for (const state of ["running", "paused", "done", "stopped", "superseded"] as const) {
    const some = [edgeRollout({ state }), done];
    for (const device of devices) expect(plan(device, { releases, rollouts: some })?.release).not.toBe(2);
  }
  expect(plan(devices[1] ?? deviceFacts(), { releases, rollouts })).toMatchObject({
    release: 1,
    why: "rollback",
  });
  expect(plan(devices[1] ?? deviceFacts(), { releases, rollouts: [] })).toEqual({
    ...{ model, release: 1, why: "rollback" },
  });
});

test("a release that lies in no signed list is not planned", () => {
  expect(
    plan(deviceFacts({ active: 1 }), { releases: releasesOf([1]), rollouts: [edgeRollout(), done] }),
  ).toMatchObject({
    ...{ release: 1, why: "steady" },
  });
  expect(plan(deviceFacts({ active: 1 }), { releases: [], rollouts: [edgeRollout(), done] })).toMatchObject({
    release: null,
  });
});

test("a pinned device stays at its release whatever is rolled out", () => {
  const pins = new Map([[model, 1]]);
  const rollouts = [edgeRollout(), done];
  expect(plan(deviceFacts({ active: 1 }, { pins }), { rollouts })).toEqual({
    model,
    release: 1,
    why: "pinned",
  });
  expect(plan(deviceFacts({ active: 2, previous: 1 }, { pins }), { rollouts })).toMatchObject({ release: 1 });
});

test("nothing is planned below what a device ever ran, but for its previous release", () => {
  const pins = new Map([[model, 1]]);
  const past = deviceFacts({ active: 3, previous: 2, highest: 3 });
  expect(plan({ ...past, pins }, {})).toEqual({ model, release: null, why: "pinned" });
  expect(plan(past, { rollouts: [done] })).toEqual({ model, release: 3, why: "steady" });
});

test("a device gets the models it may have, and all that are published where none are named", () => {
  const releases = [...releasesOf([1]), { model: "plates", release: 4, revoked: false }];
  const names = (models: readonly string[]) =>
    planDevice({ device: deviceFacts({}, { models }), rollouts: [], releases }).map((one) => one.model);
  expect(names([])).toEqual([model, "plates"]);
  expect(names(["plates"])).toEqual(["plates"]);
  expect(names(["gone"])).toEqual(["gone"]);
});
