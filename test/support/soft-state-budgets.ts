import { expect } from "vitest";
import { type AdmissionHolds, admit, budget, claiming, receipt, tag, ttlMs } from "./soft-state-ask.ts";

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

  holds("charges nothing for a free lookup that finds nothing", async ({ soft }) => {
    const lookups = [{ key: "away", free: true }, { key: "gone" }, { ...claiming, free: true }];
    const { found, spent } = await admit(soft, { lookups, budgets: [{ ...budget, cost: 10, costEach: 3 }] });
    expect([spent, found[2]?.claimed]).toEqual([[13], true]);
  });

  holds("settles what a receipt says was charged, once", async ({ soft }) => {
    const budgets = [
      { ...budget, cost: 70, costEach: 10 },
      { ...budget, key: "money", cost: 5 },
    ];
    await admit(soft, { budgets, receipt, lookups: [{ key: "away" }] });
    const spent = [
      { key: "budget", amount: 50 },
      { key: "money", amount: 9 },
    ];
    const settle = { kind: "settle", tag, key: receipt.key, spent } as const;
    expect(await soft.apply([settle, settle])).toEqual([true, false]);
    const after = await admit(soft, {
      budgets: [
        { ...budget, cost: 50 },
        { ...budget, key: "money" },
      ],
    });
    expect(after.spent).toEqual([100, 10]);
  });

  holds("settles nothing for an admission that never was, or too long ago", async ({ soft, pass }) => {
    const settle = (key: string) =>
      soft.apply([{ kind: "settle", tag, key, spent: [{ key: "budget", amount: 0 }] }]);
    await admit(soft, { budgets: [budget], receipt: { key: "short", ttlMs: 200 } });
    await pass(210);
    expect([await settle("never"), await settle("short")]).toEqual([[false], [false]]);
    expect((await admit(soft, { budgets: [budget] })).spent).toEqual([2]);
  });

  holds("makes no count of one that is gone, nor of what is none, when it settles", async ({ soft }) => {
    const budgets = [budget, { ...budget, key: "words" }];
    await admit(soft, { budgets, receipt });
    await soft.apply([
      { kind: "delete", tag, key: "budget" },
      { kind: "set", tag, key: "words", value: "words", ttlMs },
    ]);
    const spent = [
      { key: "budget", amount: 5 },
      { key: "words", amount: 5 },
    ];
    const [settled, gone, words] = await soft.apply([
      { kind: "settle", tag, key: receipt.key, spent },
      { kind: "get", tag, key: "budget" },
      { kind: "get", tag, key: "words" },
    ]);
    expect([settled, gone, words?.byteLength]).toEqual([true, undefined, 5]);
  });

  holds("keeps the end of a count that it settles", async ({ soft, pass }) => {
    await admit(soft, { budgets: [{ ...budget, ttlMs: 200 }], receipt });
    await soft.apply([{ kind: "settle", tag, key: receipt.key, spent: [{ key: "budget", amount: 7 }] }]);
    await pass(210);
    expect(await soft.apply([{ kind: "get", tag, key: "budget" }])).toEqual([undefined]);
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
