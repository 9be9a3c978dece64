import { describe, expect, test, vi } from "vitest";
import { permissionsOf } from "#adapters/controls.ts";
import { capabilitiesOf } from "#adapters/registry.ts";
import {
  type Bench,
  type ControlSubject,
  expectAnswers,
  expectInstances,
  type Holds,
  more,
  openBench,
  patience,
  standNew,
} from "./control-bench.ts";
import { deployingHolds, dryRunHolds } from "./control-deploys.ts";
import { faultsHold } from "./control-faults.ts";

export type { ControlSubject, OpenedSubject } from "./control-bench.ts";

/** What every place holds to that can be given another image. */
export function describeControl({ name, open, actions }: ControlSubject): void {
  const holds = (behaviour: string, prove: (bench: Bench) => Promise<void>): void => {
    test(behaviour, { timeout: 40_000 }, async () => {
      const bench = await openBench(open);
      await prove(bench);
      expect(bench.fake.problems()).toEqual([]);
    });
  };
  describe(name, () => {
    describe("looking", () => lookingHolds(holds));
    describe("deploying", () => deployingHolds(holds));
    describe("scaling", () => scalingHolds(holds));
    describe("saying what it would do", () => dryRunHolds(holds));
    describe("going wrong", () => faultsHold(holds, actions));
  });
}

function lookingHolds(holds: Holds): void {
  holds("says what answers, with its image and all of the traffic", async ({ status, images }) => {
    const { revisions, isSettled } = await status();
    const [stable, ...others] = revisions.filter(({ role }) => role !== "previous");
    expect(others).toEqual([]);
    expect(stable).toMatchObject({ role: "stable", image: images.v1, share: 1, state: "ready" });
    expect(isSettled).toBe(true);
  });
  holds("finds who answers, lets itself in, and finds no candidate", async (bench) => {
    await vi.waitFor(() => expectAnswers(bench.stable, bench.images.v1, bench.signal), patience);
    expect(await bench.candidate.discover(bench)).toEqual([]);
  });
  holds("keeps the client of an address that is still there", async ({ stable, signal }) => {
    const [before, after] = [await stable.discover({ signal }), await stable.discover({ signal })];
    expect(before.length).toBeGreaterThan(0);
    expect(after.map(({ client }) => client)).toEqual(before.map(({ client }) => client));
  });
  holds("says what an instance costs and who says so", async ({ control, signal, settings }) => {
    const price = await control.price({ signal });
    expect(price.from).not.toBe("");
    if (settings.usdPerHour !== undefined) expect(price.usdPerHour).toBe(settings.usdPerHour);
  });
  holds("reads with nothing but what its identity is given", async (bench) => {
    await vi.waitFor(() => expectAnswers(bench.stable, bench.images.v1, bench.signal), patience);
    await bench.candidate.discover(bench);
    const { gateway, fleet } = await permissionsOf(bench.settings.kind);
    expect(gateway.filter((action) => fleet.includes(action))).toEqual([]);
    for (const { action } of bench.fake.calls()) expect(gateway).toContain(action);
    await standNew(bench);
    for (const { action } of bench.fake.calls()) expect([...gateway, ...fleet]).toContain(action);
    for (const { action } of bench.told) expect(fleet).toContain(action);
  });
}

function scalingHolds(holds: Holds): void {
  holds("stands with as much as is asked, and asks for nothing twice", async (bench) => {
    const { control } = bench;
    const wanted = more(bench);
    await control.scale(wanted, bench);
    await expectInstances(bench, 2);
    const changes = bench.told.length;
    expect(changes).toBeGreaterThan(0);
    await control.scale(wanted, bench);
    expect(bench.told.length).toBe(changes);
    expect((await bench.status()).revisions.find(({ role }) => role === "stable")?.image).toBe(
      bench.images.v1,
    );
  });
  holds("wakes instances before anybody asks them", async (bench) => {
    await bench.control.wake({ instances: 2 }, bench);
    await expectInstances(bench, 2);
    const changes = bench.told.length;
    await bench.control.wake({ instances: 1 }, bench);
    expect(bench.told.length).toBe(changes);
  });
  holds("sleeps where it can, and is found asleep", async (bench) => {
    if (!capabilitiesOf(bench.settings).zero) return;
    const isCount = capabilitiesOf(bench.settings).scale === "count";
    await bench.control.scale(isCount ? { count: 0 } : { least: 0 }, bench);
    await vi.waitFor(async () => expect((await bench.status()).desired).toBe(0), patience);
  });
}
