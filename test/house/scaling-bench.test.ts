import { expect, test } from "vitest";
import { createSeeded } from "#gateway/replay/seeded.ts";
import { type Arrival, type Arrivals, arrivalsOf } from "#gateway/replay/traces/arrivals.ts";
import { judge } from "../bench/judge.ts";
import { type Compared, type Contender, compare, sizedFor } from "../bench/scaling/compare.ts";
import { loads, p99Minute, shortened } from "../bench/scaling/loads.ts";
import { oracle } from "../bench/scaling/oracle.ts";
import { ours } from "../bench/scaling/ours.ts";
import { fixed, hpa } from "../bench/scaling/peers.ts";
import { type Orders, type PlayOptions, play, type Scaler, type View } from "../bench/scaling/play.ts";
import { bestOf, rowsOf } from "../bench/scaling/rows.ts";
import { readGiven } from "../bench/scaling/sites.ts";
import { tableOf } from "../bench/scaling/table.ts";

const given = await readGiven(0.995);
const minute = 60_000;

test("the fleet of the scaling bench has places of both kinds, and each says how fast it is", () => {
  expect(given.promised).toEqual({ sloMs: 1_000, attain: 0.995 });
  expect(given.sites.map(({ declared }) => declared.scale)).toEqual(["count", "count", "bounds", "bounds"]);
  for (const { declared } of given.sites)
    expect(declared.capacity).toMatchObject({ slots: 1, serviceMs: 62 });
});

test("what stands is paid from its order to its stop, and what comes while it starts is missed", () => {
  const played = playing({ scaler: orders([{ count: 4 }, {}, { most: 0 }, { most: 0 }]) });
  const hours = played.options.spanMs / 3_600_000;
  expect(played.usd).toBeCloseTo(4 * 0.1975 * hours, 3);
  expect(played.missed / played.requests).toBeGreaterThan(0.06);
  expect(played.missed / played.requests).toBeLessThan(0.2);
});

test("what is billed by the request costs its work, its way and its starts, and nothing while it waits", () => {
  const played = playing({ scaler: orders([{}, {}, {}, { most: 0 }]) });
  const each = 0.062 * 0.000_116 + 4e-7 + 60_000 * 0.09e-9;
  expect(played.usd / (played.requests * each)).toBeGreaterThan(1);
  expect(played.usd / (played.requests * each)).toBeLessThan(1.05);
});

test("what is billed by the instance costs until it was idle for as long as it stays", () => {
  const arrivals = arrivalsOf([{ atMs: 1_000, bytes: 1 }]);
  const played = playing({ scaler: orders([{}, {}, { most: 0 }, {}]), arrivals, spanMs: 60 * minute });
  const seconds = played.usd / 0.000_088;
  expect(seconds).toBeGreaterThan(900);
  expect(seconds).toBeLessThan(920);
});

test("what comes before it counts is neither a request nor a dollar", () => {
  const all = playing({ scaler: orders([{ count: 4 }]) });
  const half = playing({ scaler: orders([{ count: 4 }]), countsFromMs: 6 * minute });
  expect(half.requests).toBeLessThan(0.6 * all.requests);
  expect(half.usd).toBeLessThan(0.55 * all.usd);
});

test("a fleet that is too small misses what it cannot do, and not more", () => {
  const played = playing({
    scaler: orders([{ count: 2 }, {}, { most: 0 }, { most: 0 }]),
    countsFromMs: 3 * minute,
  });
  expect(1 - played.missed / played.requests).toBeGreaterThan(0.58);
  expect(1 - played.missed / played.requests).toBeLessThan(0.68);
});

test("what is too much for what stands goes where it scales to zero", () => {
  const played = playing({ scaler: orders([{ count: 2 }]), countsFromMs: 3 * minute });
  expect(played.missed / played.requests).toBeLessThan(0.001);
  expect(played.usdBySite[2]).toBeGreaterThan(0);
  expect(played.usdBySite[3]).toBe(0);
});

test("fewer that stand are paid no longer, and what they had is still done", () => {
  const scaler: Scaler = {
    first: [{ count: 6 }],
    ask: ({ now }) => [{ count: now >= 6 * minute ? 4 : 6 }],
  };
  const played = playing({ scaler, countsFromMs: 3 * minute });
  const expected = (0.1975 * (3 * 6 + 6 * 4)) / 60;
  expect((played.usdBySite[0] ?? 0) / expected).toBeCloseTo(1, 1);
  expect(played.missed / played.requests).toBeLessThan(0.01);
});

test("HPA asks for the load over its target, rounded up", () => {
  expect(asked({ loads: [0.9], start: 5 })).toEqual([7]);
  expect(asked({ loads: [0.9, 0.9], start: 7 })).toEqual([9, 12]);
});

test("HPA changes nothing within a tenth of its target", () => {
  expect(asked({ loads: [0.76, 0.64], start: 5 })).toEqual([5, 5]);
});

test("HPA at most doubles or adds four each time", () => {
  expect(asked({ loads: [40], start: 2, metric: "came" })).toEqual([6]);
  expect(asked({ loads: [40], start: 8, metric: "came" })).toEqual([16]);
});

test("HPA goes down only when 300 s asked for no more", () => {
  const found = asked({ loads: [0.7, ...Array.from({ length: 22 }, () => 0.1)], start: 10 });
  expect(found.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 10));
  expect(found.at(-1)).toBeLessThan(10);
});

test("a fixed fleet has as many as carry the p99 minute, and never another number", () => {
  expect(sizedFor(given, 100)).toBe(7);
  const scaler = fixed(given, 7, { alone: true });
  expect(scaler.first).toEqual([{ count: 7 }, { count: 0 }, { most: 0 }, { most: 0 }]);
  expect(scaler.ask(view({ now: 0, busyMs: 0 }))).toEqual([]);
});

test("of a hundred minutes the p99 minute is the second busiest", () => {
  const list = Array.from({ length: 100 }, (_, at) => (at === 3 ? 120 : at === 7 ? 60 : 6)).flatMap(
    (count, at): Arrival[] => Array.from({ length: count }, () => ({ atMs: at * minute, bytes: 1 })),
  );
  expect(p99Minute(arrivalsOf(list), 0, 100 * minute)).toBe(1);
});

test("the oracle has what stands up when it comes, and takes it away when it is over", () => {
  const wave = poisson(12, (at) => (at > 4 * minute && at < 9 * minute ? 120 : 2));
  const scaler = oracle(given, wave, 12 * minute);
  const count = (now: number) => scaler.ask(view({ now, busyMs: 0 }))[0]?.count ?? 0;
  expect(count(minute)).toBeLessThanOrEqual(1);
  expect(count(3.5 * minute)).toBeGreaterThan(4);
  expect(count(10 * minute)).toBeLessThanOrEqual(1);
});

test("ours follows a load that grows and one that ends", { timeout: 60_000 }, () => {
  const counts: number[] = [];
  const scaler = ours(given, 1);
  const watched: Scaler = {
    first: scaler.first,
    ask: (seen) => {
      const given = scaler.ask(seen);
      counts.push(given[0]?.count ?? 0);
      return given;
    },
  };
  const arrivals = poisson(60, (at) => (at < 20 * minute ? 20 : at < 40 * minute ? 90 : 2));
  const played = playing({ scaler: watched, arrivals, spanMs: 60 * minute, countsFromMs: 5 * minute });
  expect(counts[18 * 4]).toBeLessThanOrEqual(3);
  expect(counts[38 * 4]).toBeGreaterThanOrEqual(5);
  expect(counts.at(-1)).toBeLessThanOrEqual(1);
  expect(played.missed / played.requests).toBeLessThan(0.005);
});

test("of peers that keep the promise the cheapest is best, and where none does, who keeps most of it", () => {
  const [cheap, dear, poor] = [
    contender("cheap", "hpa", 2, 0.996),
    contender("dear", "hpa", 3, 1),
    contender("poor", "hpa", 1, 0.9),
  ];
  expect(bestOf([dear, cheap, poor])).toBe(cheap);
  expect(bestOf([contender("worse", "hpa", 0.5, 0.8), poor])).toBe(poor);
  expect(() => bestOf([])).toThrow("nobody ran");
});

test("dollars are judged at 0.8 of a fixed fleet and 0.85 of HPA, seed by seed, and what is in time at 99.5 percent", () => {
  const rows = rowsOf(planted(1)).map(judge);
  expect(rows.map(({ metric, floor, ok }) => [metric, floor, ok])).toEqual([
    ["in time", 99.5, true],
    ["dollars, fixed", 0.8, true],
    ["dollars, hpa", 0.85, true],
    ["dollars, fixed alone", 0.8, true],
    ["dollars, hpa alone", 0.85, true],
    ["dollars, oracle", null, true],
  ]);
  expect(rows[1]).toMatchObject({ against: "fixed", ours: 1, theirs: 2, ratio: 0.5 });
  expect(rows[1]?.note).toContain("7 instances carry the p99 minute's 100 a second");
});

test("ours that costs too much, or keeps too little, is a miss", () => {
  const dear = rowsOf(planted(1.9)).map(judge);
  expect(dear.filter(({ ok }) => !ok).map(({ metric }) => metric)).toEqual([
    ...["dollars, fixed", "dollars, hpa", "dollars, fixed alone", "dollars, hpa alone"],
  ]);
  const late = rowsOf(planted(1, 0.99)).map(judge);
  expect(late.filter(({ ok }) => !ok).map(({ metric }) => metric)).toEqual(["in time"]);
});

test("the table of the scaling bench has ours first and the best of each kind beside it", () => {
  const lines = tableOf([planted(1)]).split("\n");
  expect(lines[2]).toBe("| planted | ours | 1 | 1 | 100.00 % |  |");
  expect(lines).toContain("| planted | hpa 80 % | 2 | 2 | 99.90 % | 0.5 |");
  expect(lines).toHaveLength(9);
});

const name =
  "a load is the same requests for the same seed, its part is judged alone and a smoke of it is short";

test(name, { timeout: 60_000 }, async () => {
  const [azure] = loads;
  if (!azure) throw new Error("there are loads");
  const [one, same] = await Promise.all([azure.open(1), azure.open(1)]);
  expect(same).toEqual(one);
  expect(one.p99MinuteRps).toBeGreaterThan(150);
  const short = await shortened(azure).open(1);
  expect(short.arrivals.atMs.at(-1)).toBeLessThan(short.spanMs);
  const compared = await compare(shortened(azure), {
    ...{ given, seeds: [1], targets: [0.8], say: () => undefined, signal: new AbortController().signal },
  });
  expect(compared.contenders.filter(({ kind }) => kind === "hpa")).toHaveLength(8);
  for (const { figures } of compared.contenders) expect(figures).toHaveLength(1);
});

type Playing = Pick<PlayOptions, "scaler"> & Partial<PlayOptions>;

function playing(changes: Playing) {
  const options: PlayOptions = {
    ...{ sites: given.sites, sloMs: 1_000, seed: 1, countsFromMs: 0, spanMs: 12 * minute },
    arrivals: poisson(12, () => 50),
    ...changes,
  };
  return { ...play(options), options };
}

function orders(first: Orders): Scaler {
  return { first, ask: () => [] };
}

function poisson(minutes: number, rateAt: (at: number) => number): Arrivals {
  const seeded = createSeeded(3);
  const list: Arrival[] = [];
  for (let at = 0; at < minutes * minute; ) {
    at += (seeded.exponential() * 1_000) / rateAt(at);
    list.push({ atMs: at, bytes: 1 });
  }
  return arrivalsOf(list.filter(({ atMs }) => atMs < minutes * minute));
}

type Asked = {
  readonly loads: readonly number[];
  readonly start: number;
  readonly metric?: "busy" | "came";
};

/** What HPA wants at a target of 70 %, told how busy those were that it last wanted. */
function asked({ loads, start, metric = "busy" }: Asked): readonly number[] {
  const scaler = hpa(given, start, { target: 0.7, windowS: 15, metric, alone: false });
  const wanted: number[] = [];
  let [desired, busyMs, came] = [start, 0, 0];
  for (const [index, load] of loads.entries()) {
    busyMs += load * desired * 15_000;
    came += (load * desired * 15_000) / 62;
    desired = scaler.ask({ ...view({ now: (index + 1) * 15_000, busyMs, desired }), came })[0]?.count ?? 0;
    wanted.push(desired);
  }
  return wanted;
}

function view({ now, busyMs, desired = 0 }: { now: number; busyMs: number; desired?: number }): View {
  const standing = { desired, running: desired, pending: 0, busyMs };
  return { now, came: 0, counts: [], lately: { requests: 0, missed: 0 }, sites: [standing] };
}

function contender(name: string, kind: Contender["kind"], usd: number, attainment: number): Contender {
  const figures = [1, 2].map(() => ({ usdPerHour: usd, standingUsdPerHour: usd, attainment }));
  return { name, kind, alone: name.includes("alone"), figures };
}

function planted(usd: number, attainment = 1): Compared {
  return {
    load: { name: "planted", note: "made up" },
    fixed: { count: 7, rps: 100 },
    contenders: [
      contender("ours", "ours", usd, attainment),
      contender("oracle", "oracle", 0.9, 1),
      contender("fixed", "fixed", 2, 1),
      contender("fixed, alone", "fixed", 2, 1),
      contender("hpa 80 %", "hpa", 2, 0.999),
      contender("hpa 70 %", "hpa", 2.5, 1),
      contender("hpa 50 %, alone", "hpa", 2, 0.9),
    ],
  };
}
