import { expect, test } from "vitest";
import type { Standing } from "#gateway/dispatch/standing.ts";
import {
  type Mood,
  openSharingWorld,
  type SharingGateway,
  type SharingWorld,
  skippedConcerns,
  thriftyTerms,
} from "#test/support/sharing-gateways.ts";

const hour = (standing: Standing, world: SharingWorld): number =>
  Math.round(standing.spending.spentThisHour(world.clock.now()) * 1e6) / 1e6;

test("what every gateway spends at a backend with a budget is known to all, and to those that start", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const [one, other] = [await world.join(), await world.join()];
  one.at("a").spending.settle(0, 0.25, world.clock.now());
  other.at("a").spending.settle(0, 0.15, world.clock.now());
  await world.pass(2_500);
  const newcomer = await world.join();
  for (const gateway of [one, other, newcomer]) expect(hour(gateway.at("a"), world)).toBe(0.4);
});

test("backends of one provider are one in what all gateways have spent, whichever of them each gateway knows", async () => {
  const world = openSharingWorld({ backends: { "cloud/a": thriftyTerms, "cloud/b": thriftyTerms } });
  const [one, other] = [await world.join(), await world.join()];
  one.at("cloud/a").spending.settle(0, 0.25, world.clock.now());
  one.at("cloud/b").spending.settle(0, 0.1, world.clock.now());
  other.at("cloud/b").spending.settle(0, 0.15, world.clock.now());
  await world.pass(2_500);
  const newcomer = await world.join();
  newcomer.known.keepOnly(new Set(["cloud/b"]));
  await world.pass(2_500);
  for (const gateway of [one, other, newcomer])
    for (const standing of gateway.known.all()) expect(hour(standing, world)).toBe(0.5);
});

test("a soft state that forgets what was spent is reminded of it", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const [one, other] = [await world.join(), await world.join()];
  one.at("a").spending.settle(0, 0.25, world.clock.now());
  await world.pass(2_500);
  const at = world.clock.now();
  const keys = [`hour:${Math.floor(at / 3_600_000)}`, `day:${Math.floor(at / 86_400_000)}`];
  await world.softState.apply(keys.map((key) => ({ kind: "delete", tag: "backend:a", key })));
  other.at("a").spending.settle(0, 0.05, world.clock.now());
  await world.pass(2_500);
  const newcomer = await world.join();
  for (const gateway of [one, other, newcomer]) expect(hour(gateway.at("a"), world)).toBe(0.3);
});

test("a count of money that is no number is taken as missing", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const one = await world.join();
  one.at("a").spending.settle(0, 0.25, world.clock.now());
  await world.pass(1_200);
  const key = `hour:${Math.floor(world.clock.now() / 3_600_000)}`;
  await world.softState.apply([{ kind: "set", tag: "backend:a", key, value: "a lot", ttlMs: 3_600_000 }]);
  await world.pass(2_000);
  const newcomer = await world.join();
  expect(hour(newcomer.at("a"), world)).toBe(0.25);
});

test("what was told without an answer is told again, and counts once", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const [one, other] = [await world.join(), await world.join()];
  const skipped = skippedConcerns();
  one.at("a").spending.settle(0, 0.1, world.clock.now());
  one.mood = "late";
  await world.pass(6_000);
  expect(new Set(skipped)).toEqual(new Set(["sharing what is known of backends"]));
  one.at("a").spending.settle(0, 0.1, world.clock.now());
  one.mood = "away";
  await world.pass(3_000);
  expect(hour(one.at("a"), world)).toBe(0.2);
  one.mood = "answers";
  await world.pass(2_200);
  for (const gateway of [one, other]) expect(hour(gateway.at("a"), world)).toBe(0.2);
});

test("a telling whose receipt is gone counts twice rather than never", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const [one, other] = [await world.join(), await world.join()];
  one.at("a").spending.settle(0, 0.1, world.clock.now());
  one.mood = "late";
  await world.pass(1_200);
  one.mood = "away";
  await world.pass(60_000);
  one.mood = "answers";
  await world.pass(2_500);
  for (const gateway of [one, other]) expect(hour(gateway.at("a"), world)).toBe(0.2);
});

test("without the soft state each gateway spends its part of what was left when it last heard", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  const gateways = [await world.join(), await world.join(), await world.join(), await world.join()];
  gateways[0]?.at("a").spending.settle(0, 0.2, world.clock.now());
  await world.pass(2_500);
  for (const gateway of gateways) gateway.mood = "away";
  await world.pass(30_000);
  for (const gateway of gateways) {
    const spent = spendAll(gateway.at("a"), world);
    expect(spent).toBeGreaterThan(0.18);
    expect(spent).toBeLessThanOrEqual(0.2 + 1e-9);
  }
});

test("a gateway that starts without the soft state takes its share of the budget among those expected", async () => {
  const world = openSharingWorld({ backends: { a: thriftyTerms } });
  world.state.count = 4;
  const one = await world.join("away");
  expect(spendAll(one.at("a"), world)).toBeLessThanOrEqual(0.25 + 1e-9);
});

/** As many requests of a cent as it has money for. */
function spendAll({ spending }: Standing, { clock }: SharingWorld): number {
  let spent = 0;
  for (; spending.has(0.01, clock.now()); spent += 0.01) spending.settle(0, 0.01, clock.now());
  return spent;
}

test("four gateways together never spend more than a budget and what they spend in one turn", async () => {
  for (let seed = 1; seed <= 8; seed += 1) {
    const world = openSharingWorld({ backends: { a: thriftyTerms }, seed });
    const isSteady = seed % 2 === 0;
    const gateways = [await world.join(), await world.join(), await world.join(), await world.join()];
    const spentAt: number[] = [];
    for (let steps = 0; steps < 120; steps += 1) {
      await world.pass(100);
      for (const [place, gateway] of gateways.entries()) {
        if (!isSteady) gateway.mood = moodAfter(gateway.mood, world);
        spentAt.push(...spendSome(world, gateway, place));
      }
    }
    // What came within a turn of the last cent; a turn that was missed makes it two.
    const last = spentAt[99] ?? world.clock.now();
    expect(spentAt.length).toBeGreaterThan(80);
    expect(spentAt.filter((at) => at > last + (isSteady ? 1_000 : 2_000))).toEqual([]);
    expect(spentAt.length).toBeLessThanOrEqual(150);
  }
});

/** Now and then the soft state is away, or late. */
function moodAfter(mood: Mood, { random }: SharingWorld): Mood {
  if (random.chance(0.02)) return random.chance(0.5) ? "late" : "away";
  return random.chance(0.5) ? "answers" : mood;
}

/** Some requests of a cent, as many as there is money for. */
function spendSome({ random, clock }: SharingWorld, gateway: SharingGateway, place: number): number[] {
  const { spending } = gateway.at("a");
  const spentAt: number[] = [];
  for (let wanted = random.integer(0, 3 * place); wanted > 0; wanted -= 1) {
    if (!spending.has(0.01, clock.now())) continue;
    spending.settle(0, 0.01, clock.now());
    spentAt.push(clock.now());
  }
  return spentAt;
}
