import { expect } from "vitest";
import {
  type AdmissionHolds,
  type AdmitParts,
  admit,
  budget,
  claiming,
  operation,
  receipt,
  slowRate,
  tag,
  ttlMs,
  twoPlaces,
} from "./soft-state-ask.ts";

export function admissionsHold(holds: AdmissionHolds): void {
  holds(
    "answers rates, places, budgets, values and claims together, in one call with other tags",
    async ({ soft }) => {
      const all = {
        rates: [slowRate, { ...slowRate, key: "rate 2" }],
        places: [twoPlaces, { ...twoPlaces, key: "places 2" }],
        receipt,
        budgets: [budget, { ...budget, key: "money", cost: 7, costEach: 2 }],
        lookups: [claiming, { key: "other" }, { key: "third", claim: { key: "claim 3", token: "t", ttlMs } }],
      };
      const expected = {
        admitted: true,
        rates: [{ remaining: 1 }, { remaining: 1 }],
        taken: [1, 1],
        spent: [1, 13],
        found: [{ claimed: true }, { claimed: false }, { claimed: true }],
      };
      const tags = ["tenant", "neighbour", "third", "fourth"];
      const answers = await soft.apply([
        ...tags.map((name) => ({ ...operation(all), tag: name })),
        { kind: "increment", key: "untagged", by: 1, ttlMs },
        { kind: "get", tag, key: "budget" },
      ]);
      expect(answers.slice(0, 4)).toMatchObject([expected, expected, expected, expected]);
      expect(answers[4]).toBe(1);
      expect(answers[5]).toHaveLength(1);
    },
  );

  holds("takes a foreign value as missing where a level or a count belongs", async ({ soft }) => {
    for (const value of ["words", "1e5", "", "12 x", "-", "nan 1"]) {
      await soft.apply([
        { kind: "set", tag, key: "rate", value, ttlMs },
        { kind: "set", tag, key: "budget", value, ttlMs },
      ]);
      const { rates, spent } = await admit(soft, { rates: [slowRate], budgets: [{ ...budget, seed: 4 }] });
      expect([rates[0]?.remaining, spent]).toEqual([1, [5]]);
    }
  });

  holds("refuses to find places, a count or a claim where something else lies", async ({ soft }) => {
    await soft.apply([
      { kind: "set", tag, key: "places", value: "words", ttlMs },
      { kind: "set", tag, key: "claim", value: "words", ttlMs },
    ]);
    const unavailable = { code: "soft_state_unavailable" };
    await expect(admit(soft, { rates: [slowRate], places: [twoPlaces] })).rejects.toMatchObject(unavailable);
    await expect(soft.apply([{ kind: "leave", tag, key: "places", member: "a" }])).rejects.toMatchObject(
      unavailable,
    );
    expect((await admit(soft, { rates: [slowRate], lookups: [claiming] })).found[0]?.claimed).toBe(false);
    expect((await admit(soft, { rates: [{ ...slowRate, cost: 0 }] })).rates[0]?.remaining).toBe(1);
  });
}

export function refusalsHold(holds: AdmissionHolds): void {
  const exhausted: readonly (readonly [by: string, AdmitParts])[] = [
    ["rates", { rates: [{ ...slowRate, key: "full", burst: 0 }] }],
    ["places", { places: [{ ...twoPlaces, most: 0 }] }],
    ["budgets", { budgets: [{ ...budget, key: "full", most: 0 }] }],
  ];
  for (const [by, parts] of exhausted) {
    holds(`takes nothing of anything when refused by ${by}`, async ({ soft }) => {
      const refused = await admit(soft, {
        rates: [slowRate, ...(parts.rates ?? [])],
        places: [{ ...twoPlaces, key: "free places" }, ...(parts.places ?? [])],
        budgets: [{ ...budget, seed: 7 }, ...(parts.budgets ?? [])],
        receipt,
        lookups: [claiming],
      });
      expect(refused).toMatchObject({ admitted: false, refusal: { by }, found: [] });
      expect(refused.rates[0]?.remaining).toBe(2);
      expect(refused.spent[0]).toBe(7);
      expect(
        await admit(soft, {
          rates: [slowRate],
          places: [{ ...twoPlaces, key: "free places", member: "next" }],
          budgets: [budget],
          lookups: [claiming],
        }),
      ).toMatchObject({ rates: [{ remaining: 1 }], taken: [1], spent: [1], found: [{ claimed: true }] });
      expect(await soft.apply([{ kind: "get", tag, key: receipt.key }])).toEqual([undefined]);
    });
  }

  const wrong: readonly (readonly [what: string, AdmitParts])[] = [
    ["a rate of nothing", { rates: [{ ...slowRate, most: 0 }] }],
    ["half a unit", { rates: [{ ...slowRate, cost: 0.5 }] }],
    ["a cost below nothing", { rates: [{ ...slowRate, cost: -1 }] }],
    ["a burst of more than a milliard", { rates: [{ ...slowRate, burst: 1_000_000_001 }] }],
    ["a period without end", { rates: [{ ...slowRate, periodMs: Number.POSITIVE_INFINITY }] }],
    ["a burst that would take months to come back", { rates: [{ ...slowRate, most: 1, burst: 50_000 }] }],
    ["nine rates", { rates: Array.from({ length: 9 }, (_, at) => ({ ...slowRate, key: `${at}` })) }],
    ["nine budgets", { budgets: Array.from({ length: 9 }, (_, at) => ({ ...budget, key: `${at}` })) }],
    ["seventeen lookups", { lookups: Array.from({ length: 17 }, () => ({ key: "k" })) }],
    ["the same rate twice", { rates: [slowRate, slowRate] }],
    ["the same budget twice", { budgets: [budget, budget] }],
    ["a budget below nothing", { budgets: [{ ...budget, cost: -1 }] }],
    ["a seed that is no number", { budgets: [{ ...budget, seed: Number.NaN }] }],
    ["a budget that never expires", { budgets: [{ ...budget, ttlMs: Number.POSITIVE_INFINITY }] }],
    ["half a place", { places: [{ ...twoPlaces, most: 1.5 }] }],
    ["a member without a name", { places: [{ ...twoPlaces, member: "" }] }],
    [
      "five bounds on places",
      { places: Array.from({ length: 5 }, (_, at) => ({ ...twoPlaces, key: `${at}` })) },
    ],
    ["the same places twice", { places: [twoPlaces, twoPlaces] }],
    ["a receipt without a name", { receipt: { key: "", ttlMs } }],
    ["a receipt that never expires", { receipt: { ...receipt, ttlMs: Number.POSITIVE_INFINITY } }],
    ["a claim without a token", { lookups: [{ key: "k", claim: { key: "c", token: "", ttlMs } }] }],
    ["a claim in its value's place", { lookups: [{ key: "k", claim: { key: "k", token: "t", ttlMs } }] }],
    ["a lookup without a key", { lookups: [{ key: "" }] }],
  ];
  for (const [what, parts] of wrong) {
    holds(`refuses an admission with ${what}`, async ({ soft }) => {
      await expect(admit(soft, parts)).rejects.toMatchObject({ code: "internal" });
    });
  }

  for (const [what, spent] of [
    ["less than nothing", [{ key: "budget", amount: -1 }]],
    ["half a unit", [{ key: "budget", amount: 0.5 }]],
    ["a budget without a name", [{ key: "", amount: 1 }]],
    ["nine budgets", Array.from({ length: 9 }, (_, at) => ({ key: `${at}`, amount: 1 }))],
  ] as const) {
    holds(`refuses to settle ${what}`, async ({ soft }) => {
      const settling = soft.apply([{ kind: "settle", tag, key: receipt.key, spent }]);
      await expect(settling).rejects.toMatchObject({ code: "internal" });
    });
  }

  for (const [what, name] of [
    ["empty", ""],
    ["with a brace in it", "a}b"],
    ["of 129 bytes", "t".repeat(129)],
  ] as const) {
    holds(`refuses a tag that is ${what}`, async ({ soft }) => {
      const get = soft.apply([{ kind: "get", tag: name, key: "k" }]);
      await expect(get).rejects.toMatchObject({ code: "internal" });
    });
  }

  holds("refuses a bare key that could be a tagged one", async ({ soft }) => {
    const get = soft.apply([{ kind: "get", key: `{${tag}}:budget` }]);
    await expect(get).rejects.toMatchObject({ code: "internal" });
  });
}
