import { expect, test } from "vitest";
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

for (const whenAway of ["local", "open", "closed"] as const) {
  test(`what was counted and not heard of is undone, on a route that is ${whenAway} meanwhile`, async () => {
    const { admission, state, spent, real } = openAdmission();
    const who = bounded({ images: 3, nanoUsd: 9_000 }, 1);
    state.late = true;
    await admission.admit(ask({ caller: who, whenAway })).catch(() => {});
    state.late = false;
    await expect.poll(() => Promise.all([spent("images"), spent("nanousd")])).toEqual([0, 0]);
    const places = [{ key: "c:k:k1", member: "another", most: 9, ttlMs: 1_000 }];
    const look = { kind: "admit", tag: "acme", rates: [], places, budgets: [], lookups: [] } as const;
    expect((await real.apply([look]))[0].taken).toEqual([1]);
  });
}

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
