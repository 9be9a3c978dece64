import { expect } from "vitest";
import { type AdmissionHolds, admit, budget, claiming, tag, ttlMs } from "./soft-state-ask.ts";

export function budgetsAndValuesHold(holds: AdmissionHolds): void {
  holds("spends a budget to its end and no further, whatever comes at once", async ({ soft }) => {
    const ask = () => admit(soft, { budgets: [budget] });
    const admissions = await Promise.all(Array.from({ length: 200 }, ask));
    expect(admissions.filter(({ admitted }) => admitted)).toHaveLength(100);
    expect(Math.max(...admissions.map(({ spent }) => spent[0] ?? 0))).toBe(100);
    expect(new Set(admissions.filter(({ admitted }) => admitted).map(({ spent }) => spent[0])).size).toBe(
      100,
    );
  });

  holds("starts a count at what is known from elsewhere, and never falls below it", async ({ soft }) => {
    const ask = async (seed: number) => (await admit(soft, { budgets: [{ ...budget, seed }] })).spent[0];
    expect([await ask(40), await ask(0), await ask(60), await ask(61)]).toEqual([41, 42, 61, 62]);
  });

  holds("says when a budget begins anew, where that helps", async ({ soft }) => {
    const fresh = await admit(soft, { budgets: [{ ...budget, seed: 100 }] });
    expect(fresh.refusal).toEqual({ by: "budgets", index: 0, retryMs: Number.POSITIVE_INFINITY });
    await admit(soft, { budgets: [budget] });
    const later = await admit(soft, { budgets: [{ ...budget, cost: 100 }] });
    expect(later.refusal?.retryMs).toBeGreaterThan(ttlMs - 5_000);
    expect(later.refusal?.retryMs).toBeLessThanOrEqual(ttlMs);
    const never = await admit(soft, { budgets: [{ ...budget, cost: 101 }] });
    expect(never.refusal?.retryMs).toBe(Number.POSITIVE_INFINITY);
  });

  holds("ends a budget by the time of its birth, however often it grew", async ({ soft, pass }) => {
    const ask = async (endMs: number) =>
      (await admit(soft, { budgets: [{ ...budget, ttlMs: endMs }] })).spent;
    await ask(400);
    await pass(200);
    expect(await ask(ttlMs)).toEqual([2]);
    await pass(210);
    expect(await ask(ttlMs)).toEqual([1]);
  });

  holds("charges for what is not found, and for nothing else", async ({ soft }) => {
    await soft.apply([{ kind: "set", tag, key: "there", value: new Uint8Array([0, 255]), ttlMs }]);
    const lookups = [{ key: "missing" }, { key: "there" }, { key: "missing too" }];
    const { found, spent } = await admit(soft, { lookups, budgets: [{ ...budget, cost: 10, costEach: 3 }] });
    expect(found.map(({ value, claimed }) => [value && [...value], claimed])).toEqual([
      [undefined, false],
      [[0, 255], false],
      [undefined, false],
    ]);
    expect(spent).toEqual([16]);
  });

  holds("lets what costs nothing pass where more is spent than may be", async ({ soft }) => {
    const free = { ...budget, most: 5, seed: 9, cost: 0, costEach: 1 };
    await soft.apply([{ kind: "set", tag, key: "there", value: "x", ttlMs }]);
    expect(await admit(soft, { lookups: [{ key: "there" }], budgets: [free] })).toMatchObject({
      admitted: true,
      spent: [9],
    });
    expect((await admit(soft, { lookups: [{ key: "away" }], budgets: [free] })).admitted).toBe(false);
  });

  holds("settles what was reserved, and makes no count of one that is gone", async ({ soft }) => {
    await admit(soft, { budgets: [{ ...budget, cost: 80 }] });
    const settled = await soft.apply([
      { kind: "settle", tag, key: "budget", by: -30 },
      { kind: "settle", tag, key: "budget", by: 5 },
      { kind: "settle", tag, key: "gone", by: 5 },
      { kind: "get", tag, key: "gone" },
    ]);
    expect(settled).toEqual([50, 55, 0, undefined]);
    expect((await admit(soft, { budgets: [{ ...budget, cost: 45 }] })).spent).toEqual([100]);
  });

  holds("tells one of fifty who ask at once to make the value", async ({ soft }) => {
    const asked = await Promise.all(Array.from({ length: 50 }, () => admit(soft, { lookups: [claiming] })));
    expect(asked.filter(({ found }) => found[0]?.claimed)).toHaveLength(1);
  });

  holds("gives a claim again when it was given up with its token, and not to another's", async ({ soft }) => {
    const ask = async () => (await admit(soft, { lookups: [claiming] })).found[0]?.claimed;
    const release = (token: string) => soft.apply([{ kind: "release", tag, key: "claim", token }]);
    expect([await ask(), await ask()]).toEqual([true, false]);
    expect([await release("other"), await ask()]).toEqual([[false], false]);
    expect([await release("me"), await release("me"), await ask()]).toEqual([[true], [false], true]);
  });

  holds("gives a claim again when its time is over, and none for what is there", async ({ soft, pass }) => {
    const short = { ...claiming, claim: { key: "claim", token: "me", ttlMs: 200 } };
    const ask = async () => (await admit(soft, { lookups: [short] })).found[0]?.claimed;
    expect(await ask()).toBe(true);
    await pass(200);
    expect(await ask()).toBe(true);
    await pass(200);
    await soft.apply([{ kind: "set", tag, key: "value", value: "made", ttlMs }]);
    expect(await ask()).toBe(false);
  });
}
