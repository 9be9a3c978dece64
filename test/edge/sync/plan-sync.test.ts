import { describe, expect, test } from "vitest";
import { emptyModel, emptyState, type ModelState, type Slot } from "#edge/store/device-state.ts";
import { chooseArtefact, isAtLeast } from "#edge/sync/choose-artefact.ts";
import { planSync, type Step, type SyncAsk } from "#edge/sync/plan-sync.ts";
import type { ListedArtefact, ListedFile, TrustedList } from "#edge/trust/trusted-list.ts";
import type { ArtefactTarget } from "#inference/artefacts/artefact.ts";

const name = "digits-n";
const hash = (release: number, target: ArtefactTarget = "any"): string =>
  Buffer.from(`${release}-${target}`).toString("hex").padEnd(64, "0").slice(0, 64);

function slot(release: number): Slot {
  return { release, version: `${release}.0`, sha256: hash(release), target: "any" };
}

function artefact(
  release: number,
  about: Partial<ListedArtefact["about"]> & { readonly model?: string } = {},
): ListedArtefact {
  const { model = name, target = "any" } = about;
  const folder = `${model}/${release}/${target}`;
  const sha256 = hash(release, target);
  return {
    ...{ path: `${folder}/model.onnx`, address: `targets/${folder}/${sha256}.model.onnx`, bytes: 10, sha256 },
    about: {
      ...{ schema: 1, kind: "model", model, version: `${release}.0`, release, precision: "int8", target },
      ...{ minAgent: "0.1.0", memoryMb: 10 },
      golden: { path: `${folder}/golden.json`, minAgreement: 990_000 },
      blocks: { path: `${folder}/blocks`, size: 65_536 },
      ...about,
    },
  };
}

function listOf(artefacts: readonly ListedArtefact[], more: Partial<TrustedList> = {}): TrustedList {
  const file = (path: string): ListedFile => ({ path, address: path, bytes: 1, sha256: hash(1) });
  const paths = artefacts.flatMap(({ about }) => [about.golden.path, about.blocks.path]);
  const companions = new Map(paths.map((path) => [path, file(path)]));
  const [versions, onlineKeys] = [{ root: 1, timestamp: 1 }, new Map()];
  return { artefacts, revocations: [], companions, expiresAtMs: 1e15, versions, onlineKeys, ...more };
}

type Given = Omit<Partial<SyncAsk>, "plan" | "state"> & {
  readonly why?: "rollout" | "steady" | "paused";
  readonly planned?: number | null;
  readonly models?: Readonly<Record<string, Partial<ModelState>>>;
};

function ask({ planned, models = {}, why = "rollout", ...more }: Given): SyncAsk {
  const state = {
    ...emptyState,
    models: Object.fromEntries(
      Object.entries(models).map(([model, said]) => [model, { ...emptyModel, ...said }] as const),
    ),
  };
  return {
    state,
    list: listOf([artefact(1), artefact(2), artefact(3)]),
    lists: "fresh",
    plan:
      planned === undefined
        ? undefined
        : {
            device: "dev_1",
            nonce: "n",
            at: 1,
            pollMs: 1_000,
            models: [{ model: name, release: planned, why }],
          },
    machine: { target: "x64", agent: "0.1.0", memoryMb: 100 },
    onShelf: new Set(),
    damaged: new Set(),
    windowInMs: 0,
    ...more,
  };
}

function step(given: Given): Step | undefined {
  return planSync(ask(given)).find(({ model }) => model === name);
}

const running = (release: number, more: Partial<ModelState> = {}): NonNullable<Given["models"]> => ({
  [name]: { active: slot(release), floor: release, ...more },
});

const revoking = (...releases: readonly number[]): TrustedList =>
  listOf([artefact(1), artefact(2), artefact(3)], {
    revocations: [
      { schema: 1, kind: "revocations", model: name, sha256: releases.map((one) => hash(one)), below: 0 },
    ],
  });

describe("what is planned", () => {
  test("is brought where something else runs, or nothing", () => {
    expect(step({ planned: 2, models: running(1) })).toMatchObject({ kind: "bring", artefact: artefact(2) });
    expect(step({ planned: 2 })).toMatchObject({ kind: "bring", artefact: artefact(2) });
  });

  test("is left alone where it runs", () => {
    expect(step({ planned: 2, models: running(2) })).toMatchObject({ kind: "nothing" });
  });

  test("may be nothing, and then what runs goes on", () => {
    expect(step({ planned: null, models: running(2) })).toMatchObject({ kind: "nothing" });
    expect(step({ planned: null })).toMatchObject({ kind: "nothing" });
    expect(step({ models: running(2) })).toMatchObject({ kind: "nothing" });
  });

  test("is what ran before, and then nothing is fetched", () => {
    const models = running(2, { previous: slot(1) });
    expect(step({ planned: 1, models })).toMatchObject({ kind: "go_back", from: slot(2), to: slot(1) });
  });

  test("is what an older report said that it is, and leads nowhere back", () => {
    const models = running(2, { previous: slot(1) });
    for (const why of ["steady", "paused"] as const)
      expect(step({ planned: 1, models, why })).toMatchObject({ kind: "nothing" });
  });

  test("lies below what ran once, and is refused unless it is what ran just before", () => {
    expect(step({ planned: 1, models: running(2) })).toMatchObject({
      kind: "fail",
      failure: { cause: "metadata_refused", release: 1 },
    });
  });

  test("was set aside here, and is never tried again", () => {
    const bad = { sha256: hash(2), release: 2, cause: "unhealthy", detail: "worse" } as const;
    expect(step({ planned: 2, models: running(1, { quarantined: [bad] }) })).toMatchObject({
      kind: "fail",
      failure: { cause: "unhealthy", release: 2, detail: "worse" },
    });
  });

  test("waits for its part of the day, unless it is here or nothing runs", () => {
    const later = { windowInMs: 60_000 };
    expect(step({ planned: 2, models: running(1), ...later })).toMatchObject({ kind: "wait", release: 2 });
    expect(step({ planned: 2, models: running(1), ...later, onShelf: new Set([hash(2)]) })?.kind).toBe(
      "bring",
    );
    expect(step({ planned: 2, ...later })?.kind).toBe("bring");
  });

  test("is not of this device's models, where somebody said which they are", () => {
    expect(step({ planned: 2, only: ["other"] })).toBeUndefined();
    expect(step({ planned: 2, only: ["other"], models: running(1) })).toMatchObject({ kind: "nothing" });
  });
});

describe("signed lists", () => {
  test("that do not name the release yet are nobody's failure, however fresh they are, and it is waited for", () => {
    const list = listOf([artefact(1)]);
    expect(step({ planned: 2, list })).toMatchObject({ kind: "wait", release: 2 });
    expect(step({ planned: 2, list, lists: "unreachable" })).toMatchObject({ kind: "wait" });
    expect(step({ planned: 2, list, lists: "refused" })).toMatchObject({
      failure: { cause: "metadata_refused" },
    });
  });

  test("that name the release for other machines alone make a failure", () => {
    const list = listOf([artefact(1), artefact(2, { target: "arm64" })]);
    expect(step({ planned: 2, list })).toMatchObject({ failure: { cause: "no_artefact", release: 2 } });
  });

  test("that have expired stop what is new and leave what runs", () => {
    expect(step({ planned: 2, models: running(1), lists: "expired" })).toMatchObject({
      failure: { cause: "metadata_expired" },
    });
    expect(step({ planned: 1, models: running(1), lists: "expired" })).toMatchObject({ kind: "nothing" });
  });

  test("that were never had are waited for", () => {
    expect(step({ planned: 2, list: undefined, lists: "unreachable" })).toMatchObject({ kind: "wait" });
  });

  test("without the golden images or the blocks of a release are refused", () => {
    const list = { ...listOf([artefact(2)]), companions: new Map() };
    expect(step({ planned: 2, list })).toMatchObject({ failure: { cause: "metadata_refused" } });
  });
});

describe("a revocation", () => {
  test("takes a device off what runs, to what ran before it or to nothing", () => {
    const list = revoking(2);
    const models = running(2, { previous: slot(1) });
    expect(step({ planned: 2, models, list })).toMatchObject({ kind: "leave_revoked", to: slot(1) });
    expect(step({ planned: 2, models: running(2), list })).toMatchObject({ kind: "leave_revoked", to: null });
  });

  test("counts without a plan and with expired lists", () => {
    const models = running(2, { previous: slot(1) });
    expect(step({ models, list: revoking(2), lists: "expired" })).toMatchObject({ kind: "leave_revoked" });
  });

  test("of both leaves neither", () => {
    const models = running(2, { previous: slot(1) });
    expect(step({ models, list: revoking(1, 2) })).toMatchObject({ kind: "leave_revoked", to: null });
  });

  test("of what is kept or on trial takes that away", () => {
    const before = running(2, { previous: slot(1) });
    expect(step({ models: before, list: revoking(1) })).toMatchObject({ kind: "leave_revoked", to: slot(2) });
    const trial = running(1, { trial: { ...slot(2), triesLeft: 1 } });
    expect(step({ planned: 2, models: trial, list: revoking(2) })).toMatchObject({ kind: "leave_revoked" });
  });

  test("of what is planned keeps it away", () => {
    expect(step({ planned: 2, models: running(1), list: revoking(2) })).toMatchObject({
      kind: "fail",
      failure: { cause: "revoked" },
    });
  });

  test("of another model is not this one's", () => {
    const list = revoking(2);
    const [said] = list.revocations;
    const other = { ...list, revocations: said ? [{ ...said, model: "digits-s" }] : [] };
    expect(step({ planned: 2, models: running(2), list: other })).toMatchObject({ kind: "nothing" });
  });
});

test("a trial that is no longer wanted ends, one that is goes on", () => {
  const models = running(1, { trial: { ...slot(2), triesLeft: 1 } });
  expect(step({ planned: 3, models })).toMatchObject({ kind: "end_trial" });
  expect(step({ planned: 2, models })).toMatchObject({ kind: "bring" });
  expect(step({ models })).toMatchObject({ kind: "nothing" });
});

test("what runs and is damaged on the disk is repaired from the lists, if they have it", () => {
  const damaged = new Set([hash(2)]);
  expect(step({ planned: 2, models: running(2), damaged })).toMatchObject({ kind: "repair" });
  const list = listOf([artefact(1)]);
  expect(step({ planned: 2, models: running(2), damaged, list })).toMatchObject({ kind: "nothing" });
});

test("one model's trouble is not another's", () => {
  const list = listOf([artefact(9, { target: "arm64" }), artefact(2, { model: "other" })]);
  const steps = planSync({
    ...ask({ list }),
    plan: {
      ...{ device: "dev_1", nonce: "n", at: 1, pollMs: 1_000 },
      models: [
        { model: name, release: 9, why: "rollout" },
        { model: "other", release: 2, why: "rollout" },
        { model: "constructor", release: 1, why: "rollout" },
      ],
    },
  });
  expect(steps.map(({ model, kind }) => [model, kind])).toEqual([
    ["constructor", "wait"],
    [name, "fail"],
    ["other", "bring"],
  ]);
});

describe("the file for a machine", () => {
  const all = (["arm64", "any", "x64-no-vnni", "x64"] as const).map((target) => artefact(1, { target }));
  const machine = (target: ArtefactTarget) => ({ target, agent: "0.1.0", memoryMb: 100 });

  test.each([
    ["x64", ["x64", "x64-no-vnni", "any"]],
    ["x64-no-vnni", ["x64-no-vnni", "any"]],
    ["arm64", ["arm64", "any"]],
    ["any", ["any"]],
  ] as const)("of %s is the fastest that computes right there", (target, order) => {
    let left: readonly ListedArtefact[] = all;
    for (const wanted of order) {
      expect(chooseArtefact(left, machine(target))).toMatchObject({
        artefact: { about: { target: wanted } },
      });
      left = left.filter(({ about }) => about.target !== wanted);
    }
    expect(chooseArtefact(left, machine(target))).toMatchObject({ cause: "no_artefact" });
  });

  test("is passed over where it takes a newer agent or more memory than there is", () => {
    const fast = artefact(1, { target: "x64", minAgent: "0.2.0" });
    const large = artefact(1, { target: "x64", memoryMb: 101 });
    const plain = artefact(1, { target: "any" });
    for (const one of [fast, large])
      expect(chooseArtefact([one, plain], machine("x64"))).toMatchObject({ artefact: plain });
    expect(chooseArtefact([fast], machine("x64"))).toMatchObject({ cause: "agent_too_old" });
    expect(chooseArtefact([large], machine("x64"))).toMatchObject({ cause: "too_large" });
  });

  test("is weighed by versions as numbers and not as text", () => {
    expect(isAtLeast("0.10.0", "0.9.9")).toBe(true);
    expect(isAtLeast("1.0.0", "1.0.0")).toBe(true);
    expect(isAtLeast("1.2.3", "1.2.4")).toBe(false);
    expect(isAtLeast("2.0.0", "1.9.9")).toBe(true);
  });
});
