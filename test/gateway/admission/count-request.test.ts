import { expect, test } from "vitest";
import type { SoftState } from "#infra/runtime/soft-state/soft-state.ts";
import { ask, openAdmission } from "#test/support/admissions.ts";
import { caller, perSecond, tenant } from "#test/support/callers.ts";

const bounded = (monthly: { images?: number; nanoUsd?: number }, concurrency?: number) =>
  caller({
    tenant: tenant({ monthly }),
    limits: concurrency === undefined ? { rates: [] } : { rates: [], concurrency },
  });

test("without shared state what would have been found costs its price, and no more than that goes back", async () => {
  const { admission, spent, local } = openAdmission({ away: true });
  const who = bounded({ nanoUsd: 3_000 });
  const looking = ask({ caller: who, uncached: 0, lookups: [{ key: "answer" }] });
  const admitted = [
    await admission.admit(looking),
    await admission.admit(looking),
    await admission.admit(looking),
  ];
  expect(admitted.map(({ found }) => found)).toEqual(Array(3).fill([{ value: undefined, claimed: false }]));
  await expect(admission.admit(looking)).rejects.toMatchObject({ code: "budget_exhausted" });
  expect(await spent("nanousd", local)).toBe(3_000);
  for (const { end } of admitted) end({ images: 1, nanoUsd: 400 });
  await expect.poll(() => spent("nanousd", local)).toBe(1_200);
});

test("without shared state a free lookup costs nothing beside what was paid for it", async () => {
  const { admission, spent, local } = openAdmission({ away: true });
  const lookups = [{ key: "answer", free: true }];
  await admission.admit(ask({ caller: bounded({ nanoUsd: 3_000 }), lookups }));
  expect(await spent("nanousd", local)).toBe(1_000);
});

async function placesTaken(real: Pick<SoftState, "apply">): Promise<number | undefined> {
  const places = [{ key: "c:k:k1", member: "one more", most: 9, ttlMs: 1_000 }];
  const look = { kind: "admit", tag: "acme", rates: [], places, budgets: [], lookups: [] } as const;
  const [{ taken }] = await real.apply([look]);
  await real.apply([{ kind: "leave", tag: "acme", key: "c:k:k1", member: "one more" }]);
  return taken[0] === undefined ? undefined : taken[0] - 1;
}

for (const whenAway of ["local", "open"] as const) {
  test(`what was counted and not heard of is settled by what was used, on a route that is ${whenAway}`, async () => {
    const { admission, state, spent, real } = openAdmission();
    state.late = true;
    const who = bounded({ images: 3, nanoUsd: 9_000 }, 1);
    const { end, countedIn } = await admission.admit(ask({ caller: who, whenAway }));
    state.late = false;
    expect(countedIn).toBe(whenAway === "local" ? "here" : "nowhere");
    // It is under way, and what it will cost is reserved, wherever it was counted.
    expect([await placesTaken(real), await spent("nanousd")]).toEqual([1, 1_000]);
    end({ images: 1, nanoUsd: 400 });
    await expect.poll(() => Promise.all([spent("images"), spent("nanousd")])).toEqual([1, 400]);
    expect(await placesTaken(real)).toBe(0);
  });
}

for (const [which, whenAway] of [
  ["that is closed meanwhile", "closed"],
  ["whose own share is used up", "local"],
] as const) {
  test(`what was counted and not heard of is undone for who is not let in, on a route ${which}`, async () => {
    const { admission, state, spent, real } = openAdmission({ gateways: 2 });
    const who = bounded({ images: 1 }, 1);
    state.late = true;
    await expect(admission.admit(ask({ caller: who, whenAway }))).rejects.toThrow();
    state.late = false;
    await expect.poll(() => spent("images")).toBe(0);
    expect(await placesTaken(real)).toBe(0);
  });
}

test("what never left is not undone, since nothing was done", async () => {
  const { admission, state, calls } = openAdmission();
  state.unsent = true;
  await admission.admit(ask({ caller: bounded({ images: 3 }, 1) }));
  expect(calls).toHaveLength(1);
});

test("what could not be given back is given back once the soft state answers, and only once", async () => {
  const { admission, state, spent } = openAdmission();
  const who = bounded({ nanoUsd: 10_000 }, 1);
  const first = await admission.admit(ask({ caller: who, nanoUsdEach: 8_000 }));
  state.away = true;
  first.end({ images: 1, nanoUsd: 500 });
  await new Promise(setImmediate);
  state.away = false;
  // Still held, and its answer is what tells that the soft state is back.
  await admission.admit(ask({ caller: who })).catch(() => {});
  await expect.poll(() => spent("nanousd")).toBe(500);
  const second = await admission.admit(ask({ caller: who, nanoUsdEach: 9_500 }));
  second.end({ images: 1, nanoUsd: 0 });
  await expect.poll(() => spent("nanousd")).toBe(500);
});

test("a settlement that was done and not heard of is not done twice", async () => {
  const { admission, state, spent } = openAdmission();
  const who = bounded({ nanoUsd: 10_000 });
  const first = await admission.admit(ask({ caller: who, nanoUsdEach: 8_000 }));
  await admission.admit(ask({ caller: who, nanoUsdEach: 1_000 }));
  state.late = true;
  first.end({ images: 1, nanoUsd: 500 });
  await new Promise(setImmediate);
  state.late = false;
  await admission.admit(ask({ caller: who, nanoUsdEach: 100 }));
  await new Promise(setImmediate);
  expect(await spent("nanousd")).toBe(1_600);
});

test("a request that nothing was reserved for costs what it did in the end", async () => {
  const { admission, real, spent } = openAdmission();
  await real.apply([{ kind: "set", tag: "acme", key: "broken", value: "no answer", ttlMs: 60_000 }]);
  const who = bounded({ nanoUsd: 10_000 });
  await admission.admit(ask({ caller: who }));
  const { end } = await admission.admit(ask({ caller: who, uncached: 0, lookups: [{ key: "broken" }] }));
  end({ images: 1, nanoUsd: 700 });
  await expect.poll(() => spent("nanousd")).toBe(1_700);
});

test("an end that says what was reserved anyway asks nothing of the soft state", async () => {
  const { admission, calls } = openAdmission();
  const { end } = await admission.admit(ask({ caller: bounded({ images: 5, nanoUsd: 10_000 }) }));
  const before = calls.length;
  end({ images: 1, nanoUsd: 1_000 });
  expect(calls.length).toBe(before);
});

test("the price of a refresh is reserved and settled apart from places, rates and images", async () => {
  const { admission, spent } = openAdmission();
  const limits = { ...perSecond(1), concurrency: 1 };
  const who = caller({ limits, tenant: tenant({ monthly: { images: 1, nanoUsd: 2_000 } }) });
  await admission.admit(ask({ caller: who }));
  const { end } = await admission.reserve(ask({ caller: who }));
  expect([await spent("images"), await spent("nanousd")]).toEqual([1, 2_000]);
  end({ images: 0, nanoUsd: 300 });
  await expect.poll(() => spent("nanousd")).toBe(1_300);
  const dear = admission.reserve(ask({ caller: who, nanoUsdEach: 5_000 }));
  await expect(dear).rejects.toMatchObject({ code: "budget_exhausted" });
});
