import { expect, test } from "vitest";
import {
  ejectTerms,
  openSharingWorld,
  plainTerms,
  type SharingGateway,
  type SharingWorld,
} from "#test/support/sharing-gateways.ts";

test("a gateway that starts knows from its first look what the others have learned of speeds", async () => {
  const world = openSharingWorld();
  const [one, other] = [await world.join(), await world.join()];
  for (const gateway of [one, other]) teach(gateway, world, 40);
  await world.pass(6_000);
  const newcomer = await world.join();
  const latency = newcomer.known.latency("a", "m");
  expect(latency.samples).toBe(80);
  const now = world.clock.now();
  const theirs = one.known.latency("a", "m").predict(1, now);
  expect(theirs).toBeGreaterThan(60);
  expect(Math.abs(latency.predict(1, now) / theirs - 1)).toBeLessThan(0.05);
  const own = one.known.latency("a", "m").tail.beyond(1.5);
  expect(Math.abs(latency.tail.beyond(1.5) - own)).toBeLessThan(0.1);
});

/** Answers around 100 ms. */
function teach({ known }: SharingGateway, { clock, random }: SharingWorld, samples: number): void {
  const latency = known.latency("a", "m");
  for (let n = 0; n < samples; n += 1) {
    const predictedMs = latency.predict(1, clock.now());
    latency.learn({ at: clock.now(), ms: random.between(95, 105), load: 1, predictedMs });
  }
}

test("what was learned of speeds outlives a restart of all gateways together", async () => {
  const world = openSharingWorld();
  const one = await world.join();
  teach(one, world, 40);
  await world.pass(6_000);
  await one.shared.close();
  await world.pass(20_000);
  const next = await world.join();
  expect(next.known.latency("a", "m").samples).toBe(40);
});

test("a gateway that has measured enough itself believes nobody else, and one that heard once does not hear again", async () => {
  const world = openSharingWorld();
  const [one, other] = [await world.join(), await world.join()];
  teach(one, world, 40);
  teach(other, world, 12);
  await world.pass(12_000);
  expect(other.known.latency("a", "m").samples).toBe(12);
  const third = await world.join();
  expect(third.known.latency("a", "m").samples).toBe(52);
  await world.pass(12_000);
  expect(third.known.latency("a", "m").samples).toBe(52);
});

test("the speed of a backend that comes later is asked for too", async () => {
  const world = openSharingWorld();
  const [one, other] = [await world.join(), await world.join()];
  await world.pass(3_000);
  for (const { known } of [one, other]) known.standing("late", plainTerms, ejectTerms);
  const [taught, learning] = [one.known.latency("late", "m"), other.known.latency("late", "m")];
  for (let n = 0; n < 20; n += 1)
    taught.learn({ at: world.clock.now(), ms: 55, load: 1, predictedMs: taught.predict(1, 0) });
  await world.pass(12_000);
  expect(learning.samples).toBe(20);
});
