import { expect, vi } from "vitest";
import { dryHand, type ProviderCall } from "#adapters/hand.ts";
import { capabilitiesOf } from "#adapters/registry.ts";
import {
  expectAnswers,
  expectStable,
  type Holds,
  more,
  newOf,
  patience,
  promoteNew,
  standNew,
} from "./control-bench.ts";

export function deployingHolds(holds: Holds): void {
  holds("puts a candidate beside what answers, with an address of its own and no traffic", async (bench) => {
    await standNew(bench);
    const { revisions } = await bench.status();
    expect(revisions.find(({ role }) => role === "stable")).toMatchObject({
      image: bench.images.v1,
      share: 1,
    });
    expect(revisions.find(({ role }) => role === "candidate")).toMatchObject({
      image: bench.images.v2,
      share: 0,
      id: "r1",
      models: "/models/two",
    });
    await vi.waitFor(() => expectAnswers(bench.candidate, bench.images.v2, bench.signal), patience);
    await expectAnswers(bench.stable, bench.images.v1, bench.signal);
  });
  holds("makes one candidate of a deployment that is asked for twice", async (bench) => {
    const first = await standNew(bench);
    const changes = bench.told.length;
    const again = await bench.control.deploy(newOf(bench), bench);
    expect(again.revision).toBe(first);
    expect(bench.told.length).toBe(changes);
    expect((await bench.status()).revisions.filter(({ role }) => role === "candidate")).toHaveLength(1);
  });
  holds("promotes the candidate to what answers, also when it is asked twice", async (bench) => {
    const revision = await promoteNew(bench);
    const changes = bench.told.length;
    await bench.control.promote({ revision }, bench);
    expect(bench.told.length).toBe(changes);
    await vi.waitFor(() => expectAnswers(bench.stable, bench.images.v2, bench.signal), patience);
    expect(await bench.candidate.discover(bench)).toEqual([]);
  });
  holds("takes a candidate back, and what answered goes on", async (bench) => {
    const revision = await standNew(bench);
    await bench.control.rollback({ revision }, bench);
    await expectStable(bench, bench.images.v1);
    await bench.control.rollback({ revision }, bench);
    await vi.waitFor(() => expectAnswers(bench.stable, bench.images.v1, bench.signal), patience);
    expect(await bench.candidate.discover(bench)).toEqual([]);
  });
  holds("goes back to what answered before a promotion", async (bench) => {
    const revision = await promoteNew(bench);
    await bench.control.rollback({ revision }, bench);
    await expectStable(bench, bench.images.v1);
    await vi.waitFor(() => expectAnswers(bench.stable, bench.images.v1, bench.signal), patience);
  });
  holds("goes back once, also when it is asked again while it is still at it", async (bench) => {
    const revision = await promoteNew(bench);
    await bench.control.rollback({ revision }, bench);
    const changes = bench.told.length;
    await bench.control.rollback({ revision }, bench);
    expect(bench.told.slice(changes)).toEqual([]);
    await expectStable(bench, bench.images.v1);
    await bench.control.rollback({ revision }, bench);
    await vi.waitFor(() => expectAnswers(bench.stable, bench.images.v1, bench.signal), patience);
  });
  holds("says why a candidate cannot stand, and lets it be taken back", async (bench) => {
    const { control, images } = bench;
    const wanted = { id: "r1", image: images.broken };
    const revision = await control.deploy(wanted, bench).then(
      (made) => made.revision,
      () => undefined,
    );
    const failed = await vi.waitFor(async () => {
      const { revisions, troubles } = await bench.status();
      const one = revisions.find(({ state }) => state === "failed");
      expect(one ?? troubles[0]).toBeDefined();
      return { why: one?.why ?? troubles[0]?.message ?? "", revision: one?.name ?? revision };
    }, patience);
    expect(failed.why).not.toBe("");
    await expectAnswers(bench.stable, images.v1, bench.signal);
    if (failed.revision !== undefined) await control.rollback({ revision: failed.revision }, bench);
    await expectStable(bench, images.v1);
  });
  holds("gives a candidate a share of its own traffic where it can", async (bench) => {
    if (!capabilitiesOf(bench.settings).shift) return;
    const revision = await standNew(bench);
    await bench.control.shift({ revision, share: 0.25 }, bench);
    await vi.waitFor(async () => {
      const { revisions } = await bench.status();
      expect(revisions.find(({ role }) => role === "candidate")?.share).toBeCloseTo(0.25, 2);
      expect(revisions.find(({ role }) => role === "stable")?.share).toBeCloseTo(0.75, 2);
    }, patience);
    await bench.control.rollback({ revision }, bench);
    await expectStable(bench, bench.images.v1);
  });
}

export function dryRunHolds(holds: Holds): void {
  holds("tells each call of a deployment as it is then made, and makes none", async (bench) => {
    const told: ProviderCall[] = [];
    const hand = dryHand((call) => told.push(call));
    const before = await bench.status();
    await bench.control.deploy(newOf(bench), { ...bench, hand });
    expect(await bench.status()).toEqual(before);
    expect(told.length).toBeGreaterThan(0);
    await bench.control.deploy(newOf(bench), bench);
    expect(bench.told.map(({ action }) => action)).toEqual(told.map(({ action }) => action));
  });
  holds("tells the very request by which it would scale", async (bench) => {
    const told: ProviderCall[] = [];
    const hand = dryHand((call) => told.push(call));
    const wanted = more(bench);
    await bench.control.scale(wanted, { ...bench, hand });
    await bench.control.scale(wanted, bench);
    expect(bench.told).toEqual(told);
  });
}
