import { expect, test } from "vitest";
import {
  openSharingWorld,
  skippedConcerns,
  sleepingTerms,
  thriftyTerms,
} from "#test/support/sharing-gateways.ts";

test("a gateway counts the requests that two others have at a backend, about a second later", async () => {
  const world = openSharingWorld();
  const [one, two, three] = [await world.join(), await world.join(), await world.join()];
  two.at("a").inFlight = 6;
  three.at("a").inFlight = 4;
  await world.pass(4_000);
  expect(one.at("a").load(world.clock.now())).toBe(11);
  expect(two.at("a").load(world.clock.now())).toBe(11);
  two.at("a").inFlight = 0;
  await world.pass(3_500);
  expect(one.at("a").load(world.clock.now())).toBe(5);
});

test("what a gateway has in flight is forgotten when it leaves, and soon when it falls silent", async () => {
  const world = openSharingWorld();
  const [one, two, three] = [await world.join(), await world.join(), await world.join()];
  for (const gateway of [two, three]) gateway.at("a").inFlight = 8;
  await world.pass(4_000);
  expect(one.at("a").load(world.clock.now())).toBe(17);
  await two.shared.close();
  world.state.count = 2;
  await world.pass(1_100);
  expect(one.at("a").load(world.clock.now())).toBe(9);
  three.mood = "away";
  await world.pass(1_100);
  expect(one.at("a").load(world.clock.now())).toBe(9);
  world.state.count = 1;
  await world.pass(5_000);
  expect(one.shared.tellers()).toBe(0);
  expect(one.at("a").load(world.clock.now())).toBe(1);
});

test("others are taken to be like this gateway where none of them is heard", async () => {
  const world = openSharingWorld();
  const one = await world.join("away");
  world.state.count = 4;
  one.at("a").inFlight = 3;
  await world.pass(5_000);
  expect(one.at("a").load(world.clock.now())).toBe(13);
  // The other three have grown by as much as chance would not explain.
  one.at("a").inFlight = 9;
  expect(one.at("a").load(world.clock.now())).toBe(25);
});

test("others that were heard are taken to be like this gateway once they have been silent for a while", async () => {
  const world = openSharingWorld();
  const [one, other] = [await world.join(), await world.join()];
  one.at("a").inFlight = 3;
  other.at("a").inFlight = 20;
  await world.pass(4_000);
  expect(one.at("a").load(world.clock.now())).toBe(24);
  one.mood = "away";
  await world.pass(2_000);
  expect(one.at("a").load(world.clock.now())).toBe(24);
  await world.pass(2_000);
  expect(one.at("a").load(world.clock.now())).toBe(7);
});

test("a burst at one gateway is taken to come to the others as far as they were like it", async () => {
  const world = openSharingWorld();
  const [busy, idle, alike] = [await world.join(), await world.join(), await world.join()];
  busy.at("a").inFlight = 4;
  alike.at("a").inFlight = 4;
  await world.pass(4_000);
  // As many as chance brings say nothing of the others.
  busy.at("a").inFlight = 8;
  expect(busy.at("a").load(world.clock.now())).toBe(13);
  busy.at("a").inFlight = 20;
  expect(busy.at("a").load(world.clock.now())).toBeGreaterThanOrEqual(35);
  expect(busy.at("a").load(world.clock.now())).toBeLessThanOrEqual(38);
  expect(idle.at("a").load(world.clock.now())).toBe(9);
});

test("an ejection at one gateway is a doubt at the others: one request at a time until one is answered", async () => {
  const world = openSharingWorld();
  const [one, other] = [await world.join(), await world.join()];
  for (let n = 0; n < 3; n += 1) one.at("a").breaker.failed(world.clock.now());
  expect(other.at("a").breaker.most(world.clock.now())).toBe(Number.POSITIVE_INFINITY);
  await world.pass(1_200);
  expect(other.at("a").breaker.most(world.clock.now())).toBe(1);
  expect(other.at("a").breaker.isResting(world.clock.now())).toBe(false);
  other.at("a").breaker.succeeded();
  await world.pass(1_000);
  expect(other.at("a").breaker.most(world.clock.now())).toBe(Number.POSITIVE_INFINITY);
  await world.pass(3_000);
  one.at("a").breaker.failed(world.clock.now());
  await world.pass(1_200);
  expect(other.at("a").breaker.most(world.clock.now())).toBe(1);
});

test("a backend that told one gateway it is full is asked one at a time by the others", async () => {
  const world = openSharingWorld();
  const [one, other] = [await world.join(), await world.join()];
  one.at("a").breaker.full(world.clock.now(), 30_000);
  await world.pass(1_200);
  expect(other.at("a").breaker.most(world.clock.now())).toBe(1);
  other.at("a").breaker.succeeded();
  await world.pass(5_000);
  expect(other.at("a").breaker.most(world.clock.now())).toBe(Number.POSITIVE_INFINITY);
});

test("a backend that one gateway woke is awake for all, and sleeps for all when nobody asks it any more", async () => {
  const world = openSharingWorld({ backends: { a: sleepingTerms } });
  const gateways = [await world.join(), await world.join(), await world.join()];
  gateways[0]?.at("a").warmth.answered(world.clock.now(), 24, 8_000);
  await world.pass(2_200);
  for (const gateway of gateways) {
    const { warmth } = gateway.at("a");
    expect([warmth.isAwake(world.clock.now()), warmth.most(world.clock.now())]).toEqual([true, 24]);
  }
  // What one only heard is told to nobody, or it would never be forgotten.
  await world.pass(60_000);
  for (const gateway of gateways) {
    const { warmth } = gateway.at("a");
    expect([warmth.isAwake(world.clock.now()), warmth.most(world.clock.now())]).toEqual([false, 8]);
  }
});

test("once a second there are two calls at most, of a bounded number of operations, however often requests come", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const one = await world.join();
  const before = one.calls.length;
  for (let n = 0; n < 10_000; n += 1) one.at("a").load(world.clock.now());
  await world.pass(10_000);
  expect(one.calls.length - before).toBeLessThanOrEqual(20);
  expect(Math.max(...one.calls.map((call) => call.length))).toBeLessThanOrEqual(128);
});

test("sharing goes on when the soft state is back, and closing twice is fine", async () => {
  const world = openSharingWorld();
  const skipped = skippedConcerns();
  const [one, other] = [await world.join("away"), await world.join("away")];
  await world.pass(5_000);
  expect(skipped.length).toBeGreaterThan(5);
  one.mood = "answers";
  other.mood = "answers";
  other.at("a").inFlight = 5;
  await world.pass(4_000);
  expect(one.at("a").load(world.clock.now())).toBe(6);
  await one.shared.close();
  await one.shared.close();
  await other.shared.close();
});
