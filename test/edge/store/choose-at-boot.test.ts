import { expect, test } from "vitest";
import { chooseAtBoot } from "#edge/store/choose-at-boot.ts";
import { type DeviceState, emptyModel, emptyState, type ModelState } from "#edge/store/device-state.ts";
import { modelOf } from "#edge/store/model-state.ts";
import { rebuildState } from "#edge/store/rebuild-state.ts";
import type { ShelfItem } from "#edge/store/shelf-item.ts";
import { forgetOpenings } from "#edge/store/steps.ts";
import type { Phase } from "#edge/store/work-mark.ts";
import { smallRelease } from "#test/support/edge/small-release.ts";

const model = "digits-n";
const [one, two, three] = [smallRelease(1).slot, smallRelease(2).slot, smallRelease(3).slot];

function stateWith(parts: Partial<ModelState>): DeviceState {
  return { ...emptyState, models: { [model]: { ...emptyModel, ...parts } } };
}

type Shas = readonly { readonly sha256: string }[];

function boot(
  state: DeviceState,
  sound: Shas,
  builtIn: readonly string[] = [],
  died: Shas = [],
  phase: Phase = "answering",
) {
  const atHand = {
    sound: new Set(sound.map(({ sha256 }) => sha256)),
    builtIn: new Set(builtIn),
    died: new Map(died.map(({ sha256 }) => [sha256, phase])),
  };
  const { next, models } = chooseAtBoot(state, atHand);
  return { next, choice: models.get(model) };
}

test("a start runs the active model", () => {
  const { next, choice } = boot(stateWith({ active: two, previous: one }), [one, two]);
  expect(choice).toMatchObject({ run: "active", slot: two, retry: undefined, missing: undefined });
  expect(next).toEqual(stateWith({ active: two, previous: one }));
});

test("a start with a broken active model runs the one before, and says what is to be repaired", () => {
  const { next, choice } = boot(stateWith({ active: two, previous: one }), [one]);
  expect(choice).toMatchObject({ run: "previous", slot: one, missing: two });
  expect(modelOf(next, model).active).toEqual(two);
});

test("a start never runs what was set aside, and finishes the fall that a cut left half done", () => {
  const quarantined = [{ ...two, cause: "revoked", detail: "" } as const].map(
    ({ version: _, target: __, ...kept }) => kept,
  );
  const { next, choice } = boot(stateWith({ active: two, previous: one, quarantined }), [one, two]);
  expect(choice).toMatchObject({ run: "active", slot: one, missing: undefined });
  expect(modelOf(next, model)).toMatchObject({ active: one, previous: null, quarantined });
});

test("a start with nothing sound runs what came with the program, or nothing", () => {
  const state = stateWith({ active: two, previous: one });
  expect(boot(state, [], [model]).choice).toMatchObject({ run: "built_in", missing: two });
  expect(boot(state, []).choice).toMatchObject({ run: "nothing", missing: two });
  expect(boot(emptyState, [], [model]).choice).toMatchObject({ run: "built_in", missing: undefined });
});

test("a trial that was cut short is counted down before it is tried once more, while the active one runs", () => {
  const { next, choice } = boot(stateWith({ active: one, trial: { ...two, triesLeft: 1 } }), [one, two]);
  expect(choice).toMatchObject({ run: "active", slot: one, retry: two });
  expect(modelOf(next, model).trial?.triesLeft).toBe(0);
});

test("a trial without a try left is set aside as one that ends the process", () => {
  const { next, choice } = boot(stateWith({ active: one, trial: { ...two, triesLeft: 0 } }), [one, two]);
  expect(choice).toMatchObject({ run: "active", retry: undefined });
  expect(modelOf(next, model)).toMatchObject({ trial: null, quarantined: [{ cause: "self_test_crashed" }] });
});

test("a trial whose file is gone is forgotten and may be fetched again", () => {
  const { next } = boot(stateWith({ active: one, trial: { ...two, triesLeft: 1 } }), [one]);
  expect(modelOf(next, model)).toMatchObject({ trial: null, quarantined: [] });
});

const watched = (deaths: number): Partial<ModelState> => ({
  active: two,
  previous: one,
  probation: { sinceMs: 1, images: 7, deaths, openings: 0, before: null, seen: [] },
});

test("a death with a release on probation is counted, and the release runs on", () => {
  const { next, choice } = boot(stateWith(watched(1)), [one, two], [], [two]);
  expect(choice).toMatchObject({ run: "active", slot: two });
  expect(modelOf(next, model).probation).toMatchObject({ deaths: 2, images: 7 });
});

test("the third such death sets it aside, and the release before answers", () => {
  const { next, choice } = boot(stateWith(watched(2)), [one, two], [], [two]);
  expect(choice).toMatchObject({ run: "active", slot: one, missing: undefined });
  expect(modelOf(next, model)).toMatchObject({
    ...{ active: one, previous: null, probation: null },
    quarantined: [{ release: 2, cause: "unhealthy", detail: expect.stringMatching(/stopped 3 times/) }],
  });
});

test("deaths while it opens are counted for themselves, and three in a row set it aside as well", () => {
  let state = stateWith(watched(2));
  for (const runs of [two, two, one]) {
    const { next, choice } = boot(state, [one, two], [], [two], "opening");
    expect(choice).toMatchObject({ run: "active", slot: runs });
    state = next;
  }
  const once = boot(stateWith(watched(2)), [one, two], [], [two], "opening").next;
  const opened = forgetOpenings(once, model);
  expect(modelOf(once, model).probation).toMatchObject({ deaths: 2, openings: 1 });
  expect(modelOf(opened, model).probation).toMatchObject({ deaths: 2, openings: 0 });
  expect(forgetOpenings(opened, model)).toBe(opened);
});

test.each<readonly [string, Partial<ModelState>, Shas]>([
  ["with another file", watched(2), [one]],
  ["with nothing in hand", watched(2), []],
  ["with one that has held", { ...watched(2), probation: null }, [two]],
  ["with one that is only on trial", { ...watched(2), active: one, trial: { ...two, triesLeft: 2 } }, [two]],
])("a death %s is no death of the release on probation", (_, parts, died) => {
  const { next } = boot(stateWith(parts), [one, two], [], died);
  expect(modelOf(next, model)).toMatchObject({ active: parts.active, quarantined: [] });
  expect(modelOf(next, model).probation).toEqual(parts.probation);
});

test.each([model, "another-model"])(
  "what ends the process gives way before a trial of %s that it cut short each time is set aside for it",
  (name) => {
    const { models } = stateWith(watched(0));
    const trial = { ...three, triesLeft: 3 };
    let state: DeviceState = { ...emptyState, models };
    state = { ...state, models: { ...models, [name]: { ...modelOf(state, name), trial } } };
    for (const runs of [two, two, one]) {
      const { next, choice } = boot(state, [one, two, three], [], [two]);
      expect(choice).toMatchObject({ run: "active", slot: runs });
      state = next;
    }
    expect(modelOf(state, model).quarantined.map(({ release }) => release)).toEqual([2]);
    expect(modelOf(state, name).trial).toMatchObject({ release: 3, triesLeft: 0 });
  },
);

test("what ends the process goes on where nothing sound can follow it, and gives way to what came with the program", () => {
  const deadly = stateWith(watched(5));
  const alone = boot(deadly, [two], [], [two]);
  expect(alone.choice).toMatchObject({ run: "active", slot: two });
  expect(modelOf(alone.next, model)).toMatchObject({ probation: { deaths: 6 }, quarantined: [] });
  const first = boot(stateWith({ ...watched(5), previous: null }), [two], [model], [two]);
  expect(first.choice?.run).toBe("built_in");
  expect(modelOf(first.next, model)).toMatchObject({ active: null, quarantined: [{ release: 2 }] });
  const broken = boot(deadly, [two], [model], [two]);
  expect(broken.choice).toMatchObject({ run: "built_in", missing: one });
});

test("a lost state is rebuilt from the shelf: what is above the floor is tested again, the rest runs", () => {
  const state = rebuildState(stateWith({ floor: 2 }), itemsOf(3, 1, 2));
  expect(modelOf(state, model)).toMatchObject({
    trial: { ...three, triesLeft: 1 },
    active: two,
    previous: one,
  });
});

test("a lost state whose floor was lost too is rebuilt with its newest model on trial, unless it is alone", () => {
  expect(modelOf(rebuildState(emptyState, itemsOf(1, 2)), model)).toMatchObject({
    trial: two,
    active: one,
    floor: 1,
  });
  expect(modelOf(rebuildState(emptyState, itemsOf(2)), model)).toMatchObject({
    trial: null,
    active: two,
    floor: 2,
  });
});

test("nothing that was set aside is rebuilt, and a model that has an active one stays as it is", () => {
  const quarantined = [{ sha256: two.sha256, release: 2, cause: "revoked", detail: "" } as const];
  const state = rebuildState(stateWith({ floor: 2, quarantined }), itemsOf(1, 2));
  expect(modelOf(state, model)).toMatchObject({ active: one, previous: null, trial: null });
  expect(rebuildState(state, itemsOf(3))).toBe(state);
});

function itemsOf(...releases: readonly number[]): readonly ShelfItem[] {
  return releases.map((release) => {
    const { artefact, golden } = smallRelease(release);
    const { sha256, bytes, about } = artefact;
    return { schema: 1, sha256, bytes, about, golden: { sha256: "0".repeat(64), bytes: golden.length } };
  });
}
