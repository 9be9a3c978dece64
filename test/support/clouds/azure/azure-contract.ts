import { expect, test, vi } from "vitest";
import type { Changing } from "#adapters/control.ts";
import { permissionsOf } from "#adapters/controls.ts";
import { dryHand, type Hand, type ProviderCall } from "#adapters/hand.ts";
import {
  type Bench,
  type ControlSubject,
  expectStable,
  more,
  newOf,
  openBench,
  patience,
  promoteNew,
  standNew,
} from "../control-bench.ts";

export type AzureSubject = Pick<ControlSubject, "open"> & {
  readonly name: string;
  /** Of the permissions, those that Azure wants and that have no call of their own. */
  readonly unheard: readonly string[];
  /** The call that begins a promotion, and the one that asks how it goes. */
  readonly begins: string;
  readonly asks: string;
};

/** What both kinds in Azure hold to, beside what every place does. */
export function azureHolds({ name, open, unheard, begins, asks }: AzureSubject): void {
  const holds = (behaviour: string, prove: (bench: Bench) => Promise<void>): void => {
    test(`${name} ${behaviour}`, { timeout: 40_000 }, async () => {
      const bench = await openBench(open);
      await prove(bench);
      expect(bench.fake.problems()).toEqual([]);
    });
  };
  holds("needs each permission of its lists, and no other", async (bench) => {
    await bench.stable.discover(bench);
    const revision = await standNew(bench);
    await bench.candidate.discover(bench);
    await bench.control.scale(more(bench), bench);
    await bench.control.shift({ revision, share: 0.1 }, bench);
    await bench.control.promote({ revision }, bench);
    await bench.control.rollback({ revision }, bench);
    await bench.control.deploy({ ...newOf(bench), id: "r2" }, bench);
    await bench.control.rollback({ revision: "r2" }, bench);
    await bench.control.deploy({ ...newOf(bench), id: "r2" }, bench);
    const { gateway, fleet } = await permissionsOf(bench.settings.kind);
    const heard = new Set(bench.fake.calls().map(({ action }) => action));
    const listed = [...gateway, ...fleet].filter((action) => !unheard.includes(action));
    expect([...heard].sort()).toEqual([...listed].sort());
  });
  holds("says of each verb what it then does, request by request", async (bench) => {
    for (const [verb, ask] of verbs(bench)) {
      const dry: ProviderCall[] = [];
      await ask({ ...bench, hand: dryHand((call) => dry.push(call)) });
      const from = bench.told.length;
      await ask(bench);
      expect(bench.told.slice(from), verb).toEqual(dry);
      expect(dry.length, verb).toBeGreaterThan(0);
    }
  });
  for (const [place, [verb]] of verbNames.entries())
    holds(`ends a ${verb} that another one began and did not live to end`, async (bench) => {
      const begun = verbs(bench);
      for (const [, ask] of begun.slice(0, place)) await ask(bench);
      const ask = begun[place]?.[1];
      for (let death = 1; death < 10; death += 1) {
        const died = await ask?.({ ...bench, hand: dyingAfter(bench.hand, death) }).then(
          () => false,
          () => true,
        );
        if (!died) break;
      }
      await ask?.(bench);
      await expectEnd(bench, verb);
    });
  holds("begins a change once, however often it cannot hear how it goes", async (bench) => {
    const revision = await standNew(bench);
    const before = bench.fake.calls().filter(({ action }) => action === begins).length;
    bench.fake.fail({ action: asks, times: 2, kind: "throttled" });
    bench.fake.fail({ action: asks, times: 1, kind: "unavailable" });
    await bench.control.promote({ revision }, bench);
    const after = bench.fake.calls().filter(({ action }) => action === begins).length;
    expect(after - before).toBe(1);
    await expectStable(bench, bench.images.v2);
  });
  holds("says which other change is in its way, or that there is no room", async (bench) => {
    const scale = () => bench.control.scale(more(bench), bench);
    const action = bench.settings.kind === "app-service" ? "Microsoft.Web/serverfarms/write" : begins;
    bench.fake.fail({ action, times: 1, kind: "conflict" });
    await expect(scale()).rejects.toMatchObject({ code: "provider_conflict" });
    bench.fake.fail({ action, times: 1, kind: "full" });
    await expect(scale()).rejects.toMatchObject({ code: "provider_full" });
  });
  holds("knows nothing of a revision that nobody deployed", async (bench) => {
    await expect(bench.control.promote({ revision: "r9" }, bench)).rejects.toMatchObject({
      code: "provider_missing",
    });
    await expect(bench.control.shift({ revision: "r9", share: 0.5 }, bench)).rejects.toMatchObject({
      code: "provider_missing",
    });
    await bench.control.rollback({ revision: "r9" }, bench);
    expect(bench.told).toEqual([]);
  });
  holds("refuses an image that is not named by its digest", async (bench) => {
    await expect(
      bench.control.deploy({ id: "r1", image: "acme/detector:latest" }, bench),
    ).rejects.toMatchObject({
      code: "provider_refused",
    });
    expect(bench.told).toEqual([]);
  });
  holds("cannot go back further than to what answered before", async (bench) => {
    const revision = await promoteNew(bench);
    await bench.control.rollback({ revision }, bench);
    await bench.control.rollback({ revision }, bench);
    await expectStable(bench, bench.images.v1);
  });
}

type Verb = readonly [name: string, ask: (changing: Changing) => Promise<unknown>];

const verbNames = [["scaling"], ["deployment"], ["shift"], ["promotion"], ["rollback"]] as const;

/** A rollout in the order of its steps. */
function verbs({ control, ...bench }: Bench): readonly Verb[] {
  const revision = "r1";
  const all = { control, ...bench };
  const asks: readonly Verb[1][] = [
    (changing) => control.scale(more(all), changing),
    (changing) => control.deploy(newOf(all), changing),
    (changing) => control.shift({ revision, share: 0.25 }, changing),
    async (changing) => {
      await vi.waitFor(async () => {
        const { revisions } = await all.status();
        expect(revisions.find(({ id }) => id === revision)?.state).toBe("ready");
      }, patience);
      await control.promote({ revision }, changing);
    },
    (changing) => control.rollback({ revision }, changing),
  ];
  return asks.map((ask, place) => [verbNames[place]?.[0] ?? "", ask]);
}

/** Whoever has this hand dies after so many changes, before it hears of the last one. */
function dyingAfter(hand: Hand, changes: number): Hand {
  let left = changes;
  return {
    isDry: false,
    change: async (call, make, instead) => {
      const answer = await hand.change(call, make, instead);
      left -= 1;
      if (left === 0) throw new Error("died");
      return answer;
    },
  };
}

async function expectEnd(bench: Bench, verb: string): Promise<void> {
  if (verb === "promotion") return expectStable(bench, bench.images.v2);
  if (verb === "rollback" || verb === "scaling") return expectStable(bench, bench.images.v1);
  await vi.waitFor(async () => {
    const { revisions } = await bench.status();
    const share = verb === "shift" ? 0.25 : 0;
    expect(revisions.filter(({ role }) => role === "candidate")).toMatchObject([
      { id: "r1", share, state: "ready" },
    ]);
  }, patience);
}
