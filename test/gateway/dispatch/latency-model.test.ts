import { expect, test } from "vitest";
import { LatencyModel } from "#gateway/dispatch/latency-model.ts";
import { dawn } from "#test/support/lanes.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const prior = { baseMs: 20, perInFlightMs: 5 };
const loads = [1, 2, 3, 5, 8, 13, 16, 24, 32];

/** Answers as they come, each foreseen by what was known then; 10 ms apart. */
function teach(
  model: LatencyModel,
  count: number,
  msOf: (load: number) => number,
  { random = seededRandom(1), mostLoad = 32, at = dawn, noise = 0.1 }: TeachOptions = {},
): number {
  let now = at;
  for (let turn = 0; turn < count; turn += 1) {
    now += 10;
    const load = random.integer(1, mostLoad);
    const ms = msOf(load) * random.between(1 - noise, 1 + noise);
    model.learn({ at: now, ms, load, predictedMs: model.predict(load, now) });
  }
  return now;
}

type TeachOptions = {
  readonly random?: Random;
  readonly mostLoad?: number;
  readonly at?: number;
  readonly noise?: number;
};

function errorsOf(model: LatencyModel, now: number, msOf: (load: number) => number): number[] {
  return loads.map((load) => Math.abs(model.predict(load, now) / msOf(load) - 1));
}

test("until something is measured the declared speed is believed, at every load", () => {
  const model = new LatencyModel(prior);
  expect(model.isMeasured).toBe(false);
  for (const load of loads) expect(model.predict(load, dawn)).toBeCloseTo(20 + 5 * (load - 1), 9);
});

test("where nothing is declared or known it says so", () => {
  const model = new LatencyModel(undefined);
  expect(model.predict(4, dawn)).toBe(0);
  model.learn({ at: dawn, ms: 90, load: 1, predictedMs: 0 });
  expect(model.predict(1, dawn)).toBeCloseTo(90);
});

test("who was slow at first is believed to be better after a while, and is known as it is after a few answers", () => {
  const model = new LatencyModel(undefined);
  model.learn({ at: dawn, ms: 265, load: 1, predictedMs: 0 });
  let now = dawn;
  for (let asked = 0; asked < 4; asked += 1) {
    now += 15_000;
    const predictedMs = model.predict(1, now);
    expect(predictedMs).toBeLessThan(130);
    expect(model.isDoubted(now)).toBe(true);
    model.learn({ at: now, ms: 20, load: 1, predictedMs });
  }
  expect(model.predict(1, now)).toBeLessThan(130);
});

test("what nobody has asked for many minutes may be another by now", () => {
  const model = new LatencyModel({ baseMs: 100, perInFlightMs: 5 });
  let now = dawn;
  for (let n = 0; n < 50; n += 1, now += 50) model.learn({ at: now, ms: 900, load: 1, predictedMs: 900 });
  expect(model.isDoubted(now + 7_200_000)).toBe(true);
  expect(model.predict(1, now + 7_200_000)).toBeLessThan(model.predict(1, now) / 3);
});

test("a server that takes each request in turn is learned, whatever was declared", () => {
  const line = (load: number) => 35 + 12 * (load - 1);
  for (const declared of [prior, { baseMs: 200, perInFlightMs: 1 }, undefined]) {
    const model = new LatencyModel(declared);
    const now = teach(model, 1_500, line);
    for (const error of errorsOf(model, now, line)) expect(error).toBeLessThan(0.25);
  }
});

test("a server that gathers batches is learned, although that is no straight line", () => {
  const batches = (load: number) => 12 + 4.6 * Math.min(8, load) + 45 * Math.floor((load - 1) / 8);
  const model = new LatencyModel(prior);
  const now = teach(model, 3_000, batches);
  const errors = errorsOf(model, now, batches);
  expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(0.25);
});

test("more that are there never make an answer sooner, whatever was learned", () => {
  for (let seed = 0; seed < 40; seed += 1) {
    const random = seededRandom(seed);
    const model = new LatencyModel(random.chance(0.5) ? prior : undefined);
    const wild = () => random.between(1, 2_000);
    const now = teach(model, random.integer(1, 200), wild, { random, mostLoad: random.integer(1, 200) });
    let before = 0;
    for (let load = 1; load <= 1_024; load += 1) {
      const ms = model.predict(load, now);
      if (ms < before - 1e-9) expect.fail(`seed ${seed}: ${before} ms, and ${ms} ms among ${load}`);
      before = ms;
    }
  }
});

test("not even absurdly many that are there make an answer sooner", () => {
  const model = new LatencyModel(prior);
  teach(model, 100, (load) => 20 + load);
  const many = model.predict(30_000, dawn);
  for (const load of [32_768, 65_535, 65_536, 1_000_000, 2 ** 31 - 1])
    expect(model.predict(load, dawn), `${load}`).toBeGreaterThanOrEqual(many);
});

test("a tenfold slowdown is followed within a dozen answers", () => {
  const model = new LatencyModel(prior);
  const usual = (load: number) => 20 + 5 * (load - 1);
  const at = teach(model, 500, usual);
  const now = teach(model, 12, (load) => 10 * usual(load), { at });
  for (const load of loads) expect(model.predict(load, now) / usual(load)).toBeGreaterThan(5);
});

test("who is fast again is believed within two dozen answers", () => {
  const model = new LatencyModel(prior);
  const usual = (load: number) => 20 + 5 * (load - 1);
  let now = teach(model, 500, usual);
  now = teach(model, 30, (load) => 10 * usual(load), { at: now });
  now = teach(model, 24, usual, { at: now });
  for (const load of loads) expect(model.predict(load, now) / usual(load)).toBeLessThan(2.5);
});

test("what stays slow becomes how it is, and is forgotten no more", () => {
  const model = new LatencyModel(prior);
  const now = teach(model, 2_000, () => 200, { mostLoad: 1 });
  expect(model.predict(1, now + 600_000)).toBeGreaterThan(150);
  expect(model.isDoubted(now + 600_000)).toBe(false);
});

test("bad news grows old: the longer nobody asked, the better a slow one is thought to be", () => {
  const model = new LatencyModel(prior);
  let now = teach(model, 300, () => 20, { mostLoad: 1 });
  now = teach(model, 6, () => 400, { at: now, mostLoad: 1 });
  const fresh = model.predict(1, now);
  expect(fresh).toBeGreaterThan(100);
  let before = fresh;
  for (const age of [500, 1_000, 2_000, 5_000, 10_000, 30_000]) {
    expect(model.predict(1, now + age)).toBeLessThan(before);
    before = model.predict(1, now + age);
  }
  // What six answers have already settled into the curve stays.
  expect(before).toBeLessThan(fresh / 2);
});

test("good news does not grow old", () => {
  const model = new LatencyModel({ baseMs: 100, perInFlightMs: 5 });
  const now = teach(model, 300, () => 30, { mostLoad: 1 });
  expect(model.predict(1, now + 600_000)).toBeCloseTo(model.predict(1, now), 6);
  expect(model.predict(1, now + 600_000)).toBeLessThan(45);
});

test("one that was last seen slow is doubted once that is a while ago, never while it is fresh", () => {
  const model = new LatencyModel(prior);
  let now = teach(model, 100, () => 20, { mostLoad: 1 });
  expect(model.isDoubted(now + 60_000)).toBe(false);
  now = teach(model, 12, () => 300, { at: now, mostLoad: 1 });
  expect([model.isDoubted(now), model.isDoubted(now + 60_000)]).toEqual([false, true]);
  now = teach(model, 24, () => 20, { at: now, mostLoad: 1 });
  expect(model.isDoubted(now + 60_000)).toBe(false);
});

test("a request that is still unanswered teaches that answers take at least so long, never that they are fast", () => {
  const model = new LatencyModel(prior);
  const now = teach(model, 100, () => 20, { mostLoad: 1 });
  const before = model.predict(1, now);
  model.learnOverdue({ at: now, ms: 1, load: 1 });
  expect(model.predict(1, now)).toBe(before);
  for (let turn = 0; turn < 12; turn += 1) model.learnOverdue({ at: now, ms: 400, load: 1 });
  expect(model.predict(1, now)).toBeGreaterThan(5 * before);
  expect(model.predict(1, now)).toBeLessThanOrEqual(450);
});

test("silence makes nobody measured", () => {
  const model = new LatencyModel(prior);
  model.learnOverdue({ at: dawn, ms: 400, load: 1 });
  expect(model.isMeasured).toBe(false);
});

test("whatever an answer took, predictions stay finite", () => {
  const model = new LatencyModel(prior);
  for (const ms of [0, 1e-9, 1e12, Number.MAX_SAFE_INTEGER]) {
    model.learn({ at: dawn, ms, load: 1, predictedMs: model.predict(1, dawn) });
    for (const load of loads) expect(Number.isFinite(model.predict(load, dawn))).toBe(true);
  }
});

test("one answer that took minutes does not keep a backend out for good", () => {
  const model = new LatencyModel(prior);
  const now = teach(model, 300, () => 20, { mostLoad: 1 });
  model.learn({ at: now, ms: 600_000, load: 1, predictedMs: 20 });
  expect(model.predict(1, now + 60_000)).toBeLessThan(200);
});

test("who has seen little tells nothing, and takes over what others know", () => {
  const [knows, learns] = [new LatencyModel(prior), new LatencyModel(prior)];
  const line = (load: number) => 60 + 9 * (load - 1);
  const now = teach(knows, 800, line);
  expect(learns.told(now)).toBeUndefined();
  const told = knows.told(now);
  expect(told).toBeDefined();
  if (told) learns.adopt([told], now);
  expect(learns.isMeasured).toBe(true);
  for (const load of loads)
    expect(Math.abs(learns.predict(load, now) / knows.predict(load, now) - 1), `${load}`).toBeLessThan(0.25);
});

test("who knows enough itself believes nobody else", () => {
  const [slow, own] = [new LatencyModel(prior), new LatencyModel(prior)];
  const now = teach(slow, 200, () => 900);
  teach(own, 200, () => 20);
  const before = own.predict(1, now);
  const told = slow.told(now);
  if (told) own.adopt([told], now);
  expect(own.predict(1, now)).toBe(before);
});
