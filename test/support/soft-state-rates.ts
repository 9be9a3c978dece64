import { expect } from "vitest";
import {
  type AdmissionHolds,
  admit,
  budget,
  operation,
  slowRate,
  tag,
  ttlMs,
  twoPlaces,
} from "./soft-state-ask.ts";

export function ratesAndPlacesHold(holds: AdmissionHolds): void {
  holds("lets everybody in who asks for nothing", async ({ soft }) => {
    expect(await admit(soft, {})).toEqual({ admitted: true, rates: [], taken: [], spent: [], found: [] });
  });

  holds(
    "lets a burst pass, and then one more when the time is over that it named",
    async ({ soft, pass }) => {
      const ask = () => admit(soft, { rates: [slowRate] });
      const [first, second, third] = [await ask(), await ask(), await ask()];
      expect([first.admitted, second.admitted, third.admitted]).toEqual([true, true, false]);
      expect([first, second, third].map(({ rates }) => rates[0]?.remaining)).toEqual([1, 0, 0]);
      expect(third.refusal).toMatchObject({ by: "rates", index: 0 });
      expect(third.refusal?.retryMs).toBeGreaterThan(0);
      expect(third.refusal?.retryMs).toBeLessThanOrEqual(400);
      await pass(third.refusal?.retryMs ?? 0);
      expect((await ask()).admitted).toBe(true);
    },
  );

  holds("says how long until all of a rate is back", async ({ soft, pass }) => {
    const rate = { ...slowRate, most: 300, burst: 3, cost: 2 };
    const [stand] = (await admit(soft, { rates: [rate] })).rates;
    expect(stand?.remaining).toBe(1);
    expect(stand?.resetMs).toBe(400);
    await pass(400);
    expect((await admit(soft, { rates: [{ ...rate, cost: 0 }] })).rates).toEqual([
      { remaining: 3, resetMs: 0 },
    ]);
  });

  holds("names the rate that refuses longest, and takes from none of them", async ({ soft }) => {
    const rates = [
      { ...slowRate, key: "short" },
      { ...slowRate, key: "long", most: 2 },
      { ...slowRate, key: "wide", burst: 9, most: 900 },
    ];
    await admit(soft, { rates });
    await admit(soft, { rates });
    const refused = await admit(soft, { rates });
    expect(refused.refusal).toMatchObject({ by: "rates", index: 1 });
    expect(refused.rates[2]?.remaining).toBe(7);
    expect(
      (await admit(soft, { rates: [slowRate, { ...slowRate, key: "wide", burst: 9, most: 900 }] })).rates,
    ).toMatchObject([{ remaining: 1 }, { remaining: 6 }]);
  });

  holds("never lets a cost over the burst pass, and lets no cost at all always pass", async ({ soft }) => {
    const never = await admit(soft, { rates: [{ ...slowRate, cost: 3 }] });
    expect(never.refusal).toEqual({ by: "rates", index: 0, retryMs: Number.POSITIVE_INFINITY });
    await admit(soft, { rates: [{ ...slowRate, cost: 2 }] });
    expect((await admit(soft, { rates: [{ ...slowRate, cost: 0 }] })).admitted).toBe(true);
  });

  holds("counts a month's millions without losing one", async ({ soft }) => {
    const rate = {
      key: "month",
      most: 900_000_001,
      periodMs: 30 * 24 * 3_600_000,
      burst: 900_000_001,
      cost: 1,
    };
    const [first] = (await admit(soft, { rates: [{ ...rate, cost: 900_000_000 }] })).rates;
    expect(first?.remaining).toBeLessThan(1_000);
    expect(first?.remaining).toBeGreaterThanOrEqual(1);
  });

  holds("gives a place to each until none is left, and to the next when one leaves", async ({ soft }) => {
    const ask = (member: string) => admit(soft, { places: [{ ...twoPlaces, member }] });
    const leave = () => soft.apply([{ kind: "leave", tag, key: "places", member: "a" }]);
    expect([(await ask("a")).taken, (await ask("b")).taken]).toEqual([[1], [2]]);
    const refused = await ask("c");
    expect(refused).toMatchObject({ admitted: false, refusal: { by: "places", index: 0 }, taken: [2] });
    expect(refused.refusal?.retryMs).toBeGreaterThan(ttlMs - 5_000);
    expect(refused.refusal?.retryMs).toBeLessThanOrEqual(ttlMs);
    expect([await leave(), await leave()]).toEqual([[true], [false]]);
    expect((await ask("c")).taken).toEqual([2]);
  });

  holds("takes back the places of those who never said that they left", async ({ soft, pass }) => {
    const ask = (member: string, endMs: number) =>
      admit(soft, { places: [{ ...twoPlaces, member, ttlMs: endMs }] });
    await ask("short", 300);
    await ask("long", 20_000);
    const { refusal } = await ask("waiting", 20_000);
    expect(refusal?.retryMs).toBeLessThanOrEqual(300);
    await pass(refusal?.retryMs ?? 0);
    expect(await ask("waiting", 20_000)).toMatchObject({ admitted: true, taken: [2] });
  });

  holds(
    "gives one place to one member, however often it comes, even when all are taken",
    async ({ soft }) => {
      const ask = (member: string) => admit(soft, { places: [{ ...twoPlaces, member }] });
      await ask("a");
      await ask("b");
      expect(await ask("a")).toMatchObject({ admitted: true, taken: [2] });
    },
  );

  holds(
    "counts without end where there is no bound, and gives nobody a place where there is none",
    async ({ soft }) => {
      const endless = { most: Number.POSITIVE_INFINITY };
      const [admission] = await soft.apply([
        operation({ places: [{ ...twoPlaces, ...endless }], budgets: [{ ...budget, ...endless, cost: 5 }] }),
      ]);
      expect(admission).toMatchObject({ admitted: true, taken: [1], spent: [5] });
      const none = await admit(soft, { places: [{ ...twoPlaces, key: "none", most: 0 }] });
      expect(none.refusal).toEqual({ by: "places", index: 0, retryMs: Number.POSITIVE_INFINITY });
    },
  );

  holds(
    "takes several places together or none, each with its own bound and its own end",
    async ({ soft }) => {
      const ask = (member: string) =>
        admit(soft, {
          places: [
            { ...twoPlaces, member, key: "wide", most: 5 },
            { ...twoPlaces, member, key: "narrow" },
          ],
        });
      const leave = (key: string, member: string) => soft.apply([{ kind: "leave", tag, key, member }]);
      expect([(await ask("a")).taken, (await ask("b")).taken]).toEqual([
        [1, 1],
        [2, 2],
      ]);
      const refused = await ask("c");
      expect(refused).toMatchObject({ admitted: false, refusal: { by: "places", index: 1 }, taken: [2, 2] });
      expect([await leave("wide", "c"), await leave("narrow", "a")]).toEqual([[false], [true]]);
      expect((await ask("c")).taken).toEqual([3, 2]);
    },
  );
}
