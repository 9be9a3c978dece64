import { expect, test } from "vitest";
import { Breaker } from "#gateway/dispatch/breaker.ts";
import { chanceAlways, chanceOf, forever } from "#test/support/lanes.ts";
import { type Random, seededRandom } from "#test/support/random.ts";

const eject = { after: 3, baseMs: 1_000, mostMs: 16_000 };
const open = (number = 0.5) => new Breaker(eject, chanceAlways(number));

function ejected(at = 0, number?: number): Breaker {
  const breaker = open(number);
  for (let turn = 0; turn < eject.after; turn += 1) breaker.failed(at);
  return breaker;
}

test("a backend that nothing is held against may have any number at once", () => {
  expect(open().most(0)).toBe(forever);
});

test("so many failures in a row as declared eject, the last of them says so", () => {
  const breaker = open();
  expect([1, 2, 3].map((now) => breaker.failed(now))).toEqual([false, false, true]);
  expect({ most: breaker.most(4), rests: breaker.isResting(4) }).toEqual({ most: 0, rests: true });
});

test("a success between failures starts their count anew", () => {
  const breaker = open();
  for (let turn = 0; turn < 20; turn += 1) {
    breaker.failed(turn);
    breaker.failed(turn);
    breaker.succeeded();
  }
  expect(breaker.most(20)).toBe(forever);
});

test("a rest lasts its base at least, and chance keeps those that fell together from rising together", () => {
  const [early, late] = [ejected(0, 0), ejected(0, 0.99)];
  expect(early.isResting(eject.baseMs - 1)).toBe(true);
  expect(early.restsUntil).toBeGreaterThanOrEqual(eject.baseMs);
  expect(late.restsUntil).toBeGreaterThan(early.restsUntil);
  expect(late.restsUntil).toBeLessThan(2 * eject.baseMs);
});

test("after its rest one request at a time shows whether a backend is back", () => {
  const breaker = ejected();
  expect(breaker.most(breaker.restsUntil)).toBe(1);
});

test("a trial that fails ejects at once and for longer, up to a bound", () => {
  const breaker = ejected();
  let [now, before] = [breaker.restsUntil, breaker.restsUntil];
  for (let turn = 0; turn < 10; turn += 1) {
    expect(breaker.failed(now)).toBe(true);
    const rest = breaker.restsUntil - now;
    expect(rest).toBeGreaterThanOrEqual(before);
    expect(rest).toBeLessThanOrEqual(1.5 * eject.mostMs);
    [now, before] = [breaker.restsUntil, rest];
  }
  expect(before).toBeGreaterThanOrEqual(eject.mostMs);
});

test("once back, each answer lets more in until nothing bounds it any more", () => {
  const breaker = ejected();
  const now = breaker.restsUntil;
  let before = breaker.most(now);
  for (let turn = 0; turn < 20 && before !== forever; turn += 1) {
    breaker.succeeded();
    expect(breaker.most(now)).toBeGreaterThan(before);
    before = breaker.most(now);
  }
  expect(before).toBe(forever);
});

test("a backend that keeps falling over rests longer than one that fell once", () => {
  const breaker = ejected();
  let now = breaker.restsUntil;
  const first = now;
  for (let turn = 0; turn < 5; turn += 1) {
    for (let answer = 0; answer < 10; answer += 1) breaker.succeeded();
    for (let failure = 0; failure < eject.after; failure += 1) breaker.failed(now);
    if (turn < 4) now = breaker.restsUntil;
  }
  expect(breaker.restsUntil - now).toBeGreaterThan(2 * first);
});

test("thousands of answers make good for old ejections", () => {
  const breaker = ejected();
  for (let turn = 0; turn < 4; turn += 1) breaker.failed(breaker.restsUntil);
  const now = breaker.restsUntil;
  for (let answer = 0; answer < 5_000; answer += 1) breaker.succeeded();
  for (let failure = 0; failure < eject.after; failure += 1) breaker.failed(now);
  expect(breaker.restsUntil - now).toBeLessThan(2 * eject.baseMs);
});

test("whoever says when to come again gets nothing until then, and that is no failure", () => {
  const breaker = open();
  for (let turn = 0; turn < 50; turn += 1) breaker.full(turn, 1_000);
  expect({ most: breaker.most(100), rests: breaker.isResting(100) }).toEqual({ most: 0, rests: false });
  expect(breaker.most(1_049)).toBe(forever);
});

test("being full neither counts among failures nor forgets them", () => {
  const breaker = open();
  breaker.failed(0);
  breaker.failed(0);
  breaker.full(0, 10);
  expect(breaker.isResting(11)).toBe(false);
  expect(breaker.failed(11)).toBe(true);
});

test("a shorter word of when to come again does not shorten a longer one", () => {
  const breaker = open();
  breaker.full(0, 1_000);
  breaker.full(0, 10);
  expect({ most: breaker.most(999), until: breaker.fullUntil }).toEqual({ most: 0, until: 1_000 });
});

test("news grows with each ejection and each time it becomes full, not with each word of it", () => {
  const breaker = open();
  breaker.full(0, 100);
  breaker.full(50, 100);
  expect(breaker.news).toBe(1);
  for (let turn = 0; turn < eject.after; turn += 1) breaker.failed(200);
  expect(breaker.news).toBe(2);
});

test("what another gateway tells leaves one at a time, until an answer or time disproves it", () => {
  const [asked, left] = [open(), open()];
  for (const breaker of [asked, left]) breaker.rumour(0);
  expect([asked.most(1), left.most(1)]).toEqual([1, 1]);
  expect(asked.isResting(1)).toBe(false);
  asked.succeeded();
  expect(asked.most(2)).toBe(forever);
  expect(left.most(60_000)).toBe(forever);
});

test("a rumour alone makes no failure of one's own weigh more", () => {
  const breaker = open();
  breaker.rumour(0);
  expect(breaker.failed(1)).toBe(false);
});

test("a backend that says it is ready is tried long before a long rest is over, one at a time", () => {
  const breaker = ejected();
  for (let turn = 0; turn < 4; turn += 1) breaker.failed(breaker.restsUntil);
  const until = breaker.restsUntil;
  breaker.ready();
  expect(breaker.restsUntil).toBeLessThan(until - eject.mostMs / 2);
  expect(breaker.most(until - eject.mostMs / 2)).toBe(1);
});

test("to say that one is ready never makes a rest longer", () => {
  for (const breaker of [open(), ejected()]) {
    const before = breaker.restsUntil;
    breaker.ready();
    expect(breaker.restsUntil).toBeLessThanOrEqual(before);
  }
});

function happen(breaker: Breaker, random: Random, now: number): void {
  const does = random.integer(0, 6);
  if (does < 2) breaker.failed(now);
  else if (does < 4) breaker.succeeded();
  else if (does === 4) breaker.full(now, random.between(0, 2_000));
  else if (does === 5) breaker.rumour(now);
  else breaker.ready();
}

test("whatever comes in whatever order, nothing goes to who rests or is full, and every rest ends", () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const random = seededRandom(seed);
    const breaker = new Breaker(eject, chanceOf(seed));
    let [now, news] = [0, 0];
    for (let turn = 0; turn < 200; turn += 1) {
      now += random.between(0, 800);
      happen(breaker, random, now);
      const isOut = breaker.isResting(now) || breaker.fullUntil > now;
      expect(breaker.most(now) === 0).toBe(isOut);
      expect(breaker.restsUntil - now).toBeLessThanOrEqual(1.5 * eject.mostMs);
      expect(breaker.news).toBeGreaterThanOrEqual(news);
      news = breaker.news;
    }
    expect(breaker.most(now + 2 * eject.mostMs)).toBeGreaterThan(0);
  }
});
