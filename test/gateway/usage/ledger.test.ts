import { expect, test } from "vitest";
import { Ledger, type UsageEvent } from "#gateway/usage/ledger.ts";
import { monthOf } from "#gateway/usage/month.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

const hour = 3_600_000;
const newYearsEve = Date.UTC(2026, 11, 31, 22, 30);

function used(parts: Partial<UsageEvent> = {}): UsageEvent {
  const names = { tenant: "acme", keyId: "k1", model: "digits" };
  return { ...names, images: 1, cached: 0, failed: 0, nanoUsd: 10, ...parts };
}

test("what one key uses of one model in one hour becomes one row", () => {
  const clock = createFakeClock({ startAt: newYearsEve });
  const ledger = new Ledger({ clock });
  ledger.count(used());
  ledger.count(used({ images: 3, cached: 2, failed: 1, nanoUsd: 5 }));
  ledger.count(used({ requests: 0, images: 0, nanoUsd: 7 }));
  clock.advance(hour);
  ledger.count(used({ keyId: "k2" }));
  const names = { tenant: "acme", model: "digits" };
  const at = Date.UTC(2026, 11, 31, 22);
  expect(ledger.take(10)).toEqual([
    { ...names, keyId: "k1", hour: at, requests: 2, images: 4, cached: 2, failed: 1, nanoUsd: 22 },
    { ...names, keyId: "k2", hour: at + hour, requests: 1, images: 1, cached: 0, failed: 0, nanoUsd: 10 },
  ]);
  expect(ledger.take(10)).toEqual([]);
});

test("a month's sum begins anew with the month of UTC", () => {
  const clock = createFakeClock({ startAt: newYearsEve });
  const ledger = new Ledger({ clock });
  ledger.count(used({ images: 5, nanoUsd: 50 }));
  expect(ledger.month("acme")).toEqual({ images: 5, nanoUsd: 50 });
  clock.advance(2 * hour);
  expect(ledger.month("acme")).toEqual({ images: 0, nanoUsd: 0 });
  ledger.count(used());
  expect(ledger.month("acme")).toEqual({ images: 1, nanoUsd: 10 });
  expect(ledger.month("other")).toEqual({ images: 0, nanoUsd: 0 });
});

test("what a store knows is added to what it was not told yet, and never lowers the sum", () => {
  const clock = createFakeClock({ startAt: newYearsEve });
  const ledger = new Ledger({ clock });
  ledger.count(used({ images: 5, nanoUsd: 50 }));
  ledger.take(10);
  ledger.count(used({ images: 2, nanoUsd: 20 }));
  ledger.learn("2026-12", [{ tenant: "acme", images: 105, nanoUsd: 1_050 }]);
  expect(ledger.month("acme")).toEqual({ images: 107, nanoUsd: 1_070 });
  ledger.learn("2026-12", [{ tenant: "acme", images: 5, nanoUsd: 5_000 }]);
  expect(ledger.month("acme")).toEqual({ images: 107, nanoUsd: 5_020 });
  ledger.learn("2026-11", [{ tenant: "acme", images: 900, nanoUsd: 900_000 }]);
  expect(ledger.month("acme")).toEqual({ images: 107, nanoUsd: 5_020 });
});

test("made-up keys and tenants without end leave a bounded number of rows, and no count is lost", () => {
  const clock = createFakeClock({ startAt: newYearsEve });
  const ledger = new Ledger({ clock, mostRows: 10 });
  for (let index = 0; index < 200; index += 1) ledger.count(used({ keyId: `k${index}` }));
  expect(ledger.month("acme").images).toBe(200);
  for (let index = 0; index < 200; index += 1) ledger.count(used({ tenant: `t${index}` }));
  expect(ledger.month("t12").images).toBe(1);
  expect(ledger.takeLastUsed().size).toBe(10);
  const rows = ledger.take(1_000);
  expect(rows.length).toBeLessThanOrEqual(21);
  expect(rows.reduce((sum, { images }) => sum + images, 0)).toBe(400);
  expect(rows.find(({ tenant, keyId }) => tenant === "acme" && keyId === "")?.images).toBe(190);
  expect(rows.find(({ tenant }) => tenant === "")?.images).toBe(191);
});

test("hours that nobody took count against the bound too", () => {
  const clock = createFakeClock({ startAt: newYearsEve });
  const ledger = new Ledger({ clock, mostRows: 10 });
  for (let turn = 0; turn < 50; turn += 1) {
    for (let index = 0; index < 4; index += 1) ledger.count(used({ keyId: `k${index}` }));
    clock.advance(hour);
  }
  const rows = ledger.take(1_000);
  expect(rows.reduce((sum, { images }) => sum + images, 0)).toBe(200);
  // One row an hour is left to those that come after the bound.
  expect(rows.length).toBeLessThanOrEqual(20 + 50);
});

test("when a key was last used is told once, also over the turn of an hour", () => {
  const clock = createFakeClock({ startAt: newYearsEve });
  const ledger = new Ledger({ clock });
  ledger.count(used());
  clock.advance(hour);
  ledger.count(used({ keyId: "k2" }));
  clock.advance(10);
  ledger.count(used({ keyId: "k2", model: "faces" }));
  expect(ledger.takeLastUsed()).toEqual(
    new Map([
      ["k1", newYearsEve],
      ["k2", newYearsEve + hour + 10],
    ]),
  );
  expect(ledger.takeLastUsed()).toEqual(new Map());
  ledger.count(used());
  expect([...ledger.takeLastUsed().keys()]).toEqual(["k1"]);
});

test("rows and sums agree with a plain account of the same events, whatever is taken in between", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seededRandom(seed);
    const clock = createFakeClock({ startAt: newYearsEve });
    const ledger = new Ledger({ clock });
    const [plain, taken] = [new Map<string, number>(), new Map<string, number>()];
    const months = new Map<string, number>();
    const add = (sums: Map<string, number>, name: string, by: number) =>
      sums.set(name, (sums.get(name) ?? 0) + by);
    const take = (most: number) => {
      for (const { tenant, keyId, model, hour: at, images } of ledger.take(most)) {
        add(taken, `${tenant} ${keyId} ${model} ${at}`, images);
      }
    };
    for (let step = 0; step < 300; step += 1) {
      const [tenant, keyId, model] = ["t", "k", "m"].map((name) => `${name}${random.integer(0, 3)}`);
      const images = random.integer(0, 16);
      const at = clock.now() - (clock.now() % hour);
      add(plain, `${tenant} ${keyId} ${model} ${at}`, images);
      add(months, `${tenant} ${monthOf(at)}`, images);
      ledger.count({ ...used({ images }), tenant: `${tenant}`, keyId: `${keyId}`, model: `${model}` });
      if (random.chance(0.1)) take(random.integer(1, 20));
      if (random.chance(0.2)) clock.advance(random.integer(1, hour));
    }
    for (const tenant of ["t0", "t1", "t2", "t3"]) {
      expect(ledger.month(tenant).images).toBe(months.get(`${tenant} ${monthOf(clock.now())}`) ?? 0);
    }
    take(10_000);
    expect(taken).toEqual(plain);
  }
});
