import { expect, test } from "vitest";
import { type DeviceState, emptyState } from "#edge/store/device-state.ts";
import { dropRevoked } from "#edge/store/drop-revoked.ts";
import { heldBy, modelOf } from "#edge/store/model-state.ts";
import {
  activate,
  beginTrial,
  countDeath,
  countDownTrial,
  countImages,
  endProbation,
  endTrial,
  fallBack,
  keepUsual,
  quarantine,
  whyNotTried,
} from "#edge/store/steps.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const model = "digits-n";
const slotOf = (release: number) => smallRelease(release).slot;
const failure = { cause: "unhealthy", detail: "it sees nothing" } as const;

/** A device that ran these releases one after the other. */
function afterRunning(...releases: readonly number[]): DeviceState {
  return releases.reduce((state, release) => {
    const onTrial = beginTrial(state, model, { slot: slotOf(release) });
    return activate(onTrial, model, { now: release, agreement: 990_000 });
  }, emptyState);
}

test("a trial that holds becomes active on probation, and what ran is kept whole", () => {
  const state = modelOf(afterRunning(1, 2), model);
  expect(state).toMatchObject({ active: slotOf(2), previous: slotOf(1), trial: null, floor: 2 });
  expect(state.probation).toEqual({ sinceMs: 2, images: 0, deaths: 0, openings: 0, before: null, seen: [] });
  expect(heldBy(afterRunning(1, 2))).toEqual(new Set([slotOf(2).sha256, slotOf(1).sha256]));
});

test("with a broken active model it is the one that answered which is kept to fall back to", () => {
  const onTrial = beginTrial(afterRunning(1, 2), model, { slot: slotOf(3) });
  const state = activate(onTrial, model, { now: 3, agreement: null, ran: slotOf(1).sha256 });
  expect(modelOf(state, model).previous).toEqual(slotOf(1));
});

test("nothing is kept behind itself, though it answered already in the place of a broken one", () => {
  const higher = { ...slotOf(1), release: 3 };
  const onTrial = beginTrial(afterRunning(1, 2), model, { slot: higher });
  const state = activate(onTrial, model, { now: 3, agreement: null, ran: higher.sha256 });
  expect(modelOf(state, model)).toMatchObject({ active: higher, previous: slotOf(2) });
});

test("nothing below the floor is tried but the release before", () => {
  const state = afterRunning(2, 5);
  expect(whyNotTried(state, model, slotOf(2))).toBeUndefined();
  expect(whyNotTried(state, model, slotOf(3))).toBe("below_floor");
  expect(whyNotTried(state, model, slotOf(5))).toBe("active");
  expect(whyNotTried(state, model, slotOf(6))).toBeUndefined();
  expect(() => beginTrial(state, model, { slot: slotOf(3) })).toThrow(/older than what ran here/);
});

test("the previous file under another release's number is not the previous release", () => {
  const disguised = { ...slotOf(2), release: 1 };
  expect(whyNotTried(afterRunning(2, 5), model, disguised)).toBe("below_floor");
});

test("what was set aside leaves its slot and is never tried again", () => {
  const onTrial = beginTrial(afterRunning(1), model, { slot: slotOf(2) });
  const state = quarantine(onTrial, model, { slot: slotOf(2), ...failure });
  expect(modelOf(state, model)).toMatchObject({ active: slotOf(1), trial: null });
  expect(() => beginTrial(state, model, { slot: slotOf(2) })).toThrow(/set aside/);
});

test("a failing model falls back to the one before, and its floor stays", () => {
  const state = fallBack(afterRunning(1, 2), model, failure);
  expect(modelOf(state, model)).toMatchObject({
    active: slotOf(1),
    previous: null,
    floor: 2,
    probation: null,
  });
  expect(modelOf(state, model).quarantined.map(({ release }) => release)).toEqual([2]);
});

test("a model that is called back without fault changes places with the one before", () => {
  const state = fallBack(afterRunning(1, 2), model);
  expect(modelOf(state, model)).toMatchObject({ active: slotOf(1), previous: slotOf(2), quarantined: [] });
});

test("a model with nothing before it stays where it is when it is to fall back", () => {
  const state = afterRunning(1);
  expect(fallBack(state, model, failure)).toBe(state);
});

test("tries are counted down to none and no further", () => {
  const once = countDownTrial(beginTrial(emptyState, model, { slot: slotOf(1) }), model);
  expect(modelOf(once, model).trial?.triesLeft).toBe(0);
  expect(countDownTrial(once, model)).toBe(once);
});

test("steps without anything to do hand the same state back", () => {
  const state = endProbation(afterRunning(1), model);
  const idle = [endProbation, endTrial, countDownTrial].map((step) => step(state, model));
  expect(idle.every((next) => next === state)).toBe(true);
  expect(countImages(state, model, 3)).toBe(state);
  expect(countDeath(state, model, "answering")).toBe(state);
  expect(keepUsual(state, model, null)).toBe(state);
});

test("images are counted while a model is watched", () => {
  const state = countImages(countImages(afterRunning(1), model, 3), model, 4);
  expect(modelOf(state, model).probation?.images).toBe(7);
});

const usual = { images: 300, failed: 2, lowestScore: 0.7, fewest: 1, most: 8, slowestMs: 20 };

test("what a release is like is kept once it has held, and goes with it to where the next one is held against it", () => {
  expect(keepUsual(afterRunning(1), model, usual)).toEqual(afterRunning(1));
  const held = keepUsual(endProbation(afterRunning(1), model), model, usual);
  expect(modelOf(held, model).usual).toEqual(usual);
  expect(keepUsual(held, model, { ...usual })).toBe(held);
  const onTrial = beginTrial(held, model, { slot: slotOf(2) });
  const next = activate(onTrial, model, { now: 2, agreement: null, before: usual });
  expect(modelOf(next, model)).toMatchObject({ usual: null, probation: { before: usual } });
  expect(modelOf(fallBack(next, model, failure), model)).toMatchObject({ active: slotOf(1), usual });
});

test("deaths are counted on a probation, and the next one begins without any", () => {
  const twice = countDeath(countDeath(afterRunning(1), model, "answering"), model, "answering");
  expect(modelOf(twice, model).probation?.deaths).toBe(2);
  const onTrial = beginTrial(twice, model, { slot: slotOf(2) });
  expect(modelOf(activate(onTrial, model, { now: 2, agreement: null }), model).probation?.deaths).toBe(0);
});

test("nothing on trial cannot be activated", () => {
  expect(() => activate(emptyState, model, { now: 1, agreement: null })).toThrow(/nothing on trial/);
});

test("the fifty newest failures are remembered, and a long word of one is cut", () => {
  let state = emptyState;
  for (let release = 1; release <= 60; release += 1) {
    state = quarantine(state, model, { slot: slotOf(release), cause: "corrupted", detail: "x".repeat(900) });
  }
  const { quarantined } = modelOf(state, model);
  expect([quarantined.length, quarantined[0]?.release, quarantined[49]?.release]).toEqual([50, 11, 60]);
  expect(quarantined[0]?.detail.length).toBe(300);
});

test("revoked releases leave every slot, and a revoked one is nothing to fall back to", () => {
  const state = beginTrial(afterRunning(1, 2), model, { slot: slotOf(3) });
  const revoked = { schema: 1, kind: "revocations", model } as const;
  const byHash = dropRevoked(state, [{ ...revoked, sha256: [slotOf(2).sha256], below: 0 }]);
  expect(modelOf(byHash, model)).toMatchObject({ active: slotOf(1), previous: null });
  const all = dropRevoked(state, [{ ...revoked, sha256: [], below: 4 }]);
  expect(modelOf(all, model)).toMatchObject({ active: null, previous: null, trial: null, floor: 2 });
  expect(modelOf(all, model).quarantined.map(({ cause }) => cause)).toEqual([
    "revoked",
    "revoked",
    "revoked",
  ]);
  expect(dropRevoked(all, [{ ...revoked, sha256: [], below: 4 }])).toBe(all);
});

test("a revocation of another model touches nothing", () => {
  const state = afterRunning(1);
  const revoked = { schema: 1, kind: "revocations", below: 9 } as const;
  expect(dropRevoked(state, [{ ...revoked, model: "digits-s", sha256: [] }])).toBe(state);
});

test("a model named like what every object has is one nobody heard of", () => {
  expect(modelOf(emptyState, "constructor").active).toBeNull();
});
