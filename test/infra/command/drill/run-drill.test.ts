import { expect, test } from "vitest";
import { between, findDrill, judgeDrill, type Totals } from "#infra/command/drill/judge-drill.ts";
import { type Drill, runDrill } from "#infra/command/drill/run-drill.ts";

const none: Totals = { requests: 0, missed: 0, failed: 0, usd: 0 };

/** Each second brings a hundred requests; while the provider is away so many of them are late, and each costs twice. */
function rehearse(missesPerSecond: number, options: Partial<Drill> = {}) {
  let elapsed = 0;
  let isLost = false;
  const did: string[] = [];
  const sum = { requests: 0, missed: 0, failed: 0, usd: 0 };
  const clock = {
    now: () => elapsed,
    elapsed: () => elapsed,
    sleep: async (ms: number) => {
      elapsed += ms;
      sum.requests += ms / 10;
      sum.usd += (ms / 10) * (isLost ? 0.002 : 0.001);
      if (isLost) sum.missed += (ms / 1_000) * missesPerSecond;
    },
  };
  const drill: Drill = {
    ...{ forMs: 60_000, beforeMs: 10_000, mostMissed: 0.001, clock },
    totals: async (): Promise<Totals> => ({ ...sum }),
    lose: async () => {
      isLost = true;
      did.push(`lost at ${elapsed}`);
    },
    restore: async () => {
      isLost = false;
      did.push(`back at ${elapsed}`);
    },
    tell: () => {},
    signal: new AbortController().signal,
    ...options,
  };
  return { report: runDrill(drill), did };
}

test("a drill that nobody notices lasts its time and tells what it cost", async () => {
  const { report, did } = rehearse(0);
  expect(await report).toMatchObject({ ended: "held", missed: 0, during: { requests: 6_000 } });
  expect((await report).extraUsd).toBeCloseTo(6, 6);
  expect(did).toEqual(["lost at 10000", "back at 70000"]);
});

test("a drill gives the provider back as soon as the limit cannot be kept any more", async () => {
  const { report, did } = rehearse(2);
  expect(await report).toMatchObject({ ended: "at the limit", missed: 8 });
  expect(did).toEqual(["lost at 10000", "back at 14000"]);
});

test("a drill that is stopped gives the provider back, and one that was not begun takes nothing away", async () => {
  const stop = new AbortController();
  const { report, did } = rehearse(0, {
    signal: stop.signal,
    tell: (line) => line.startsWith("20") && stop.abort(),
  });
  expect(await report).toMatchObject({ ended: "by hand" });
  expect(did).toEqual(["lost at 10000", "back at 31000"]);
  const never = rehearse(0, { signal: AbortSignal.abort() });
  expect(await never.report).toMatchObject({ ended: "by hand", during: { requests: 0 } });
  expect(never.did).toEqual([]);
});

test("a drill gives the provider back when the ledger cannot be read any more", async () => {
  let looks = 0;
  const totals = async (): Promise<Totals> => {
    looks += 1;
    if (looks > 4) throw new Error("the database is away");
    return none;
  };
  const { report, did } = rehearse(0, { totals });
  await expect(report).rejects.toThrow("away");
  expect(did).toHaveLength(2);
});

test("a drill without requests before it says that there is nothing to compare with", async () => {
  expect(await rehearse(0, { totals: async () => none }).report).toMatchObject({
    extraUsd: undefined,
    missedShare: 0,
  });
});

test("what failed is counted once, and a caller's own mistake not at all", () => {
  const during = between(none, { requests: 2_000, missed: 3, failed: 8, usd: 1 }, 60_000);
  const found = findDrill(between(none, none, 0), during);
  expect(found).toMatchObject({ missed: 3, missedShare: 0.0015 });
});

test.each([
  [0, 0, 0.001, "inconclusive"],
  [999, 0, 0.001, "inconclusive"],
  [1_000, 0, 0.001, "held"],
  [1_000, 1, 0.001, "held"],
  [1_000, 2, 0.001, "above the limit"],
  [100, 1, 0.001, "above the limit"],
  [99, 0, 0.01, "inconclusive"],
  [100, 1, 0.01, "held"],
  [999, 0, 0, "inconclusive"],
  [1_000, 0, 0, "held"],
  [1_000, 1, 0, "above the limit"],
  [0, 0, 1, "inconclusive"],
  [1, 1, 1, "held"],
])("a drill of %i requests with %i missed and a limit of %d is %s", (requests, missed, mostMissed, ended) => {
  const found = findDrill(between(none, none, 0), between(none, { ...none, requests, missed }, 1_000));
  expect(judgeDrill(found, mostMissed)).toBe(ended);
});

test("a drill that lasts its time without a request is inconclusive", async () => {
  const { report } = rehearse(0, { totals: async () => none });
  expect(await report).toMatchObject({ ended: "inconclusive", missed: 0 });
});

test("a drill that lasts its time while fewer come than before has not held where more was missed than may be", async () => {
  let looks = 0;
  const totals = async (): Promise<Totals> => {
    looks += 1;
    // Many before, and a thousand of which two were missed while the provider was away.
    return looks === 1
      ? none
      : { ...none, requests: looks === 2 ? 20_000 : 21_000, missed: looks === 2 ? 0 : 2 };
  };
  expect(await rehearse(0, { totals }).report).toMatchObject({ ended: "above the limit", missed: 2 });
});
