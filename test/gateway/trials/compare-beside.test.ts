import { expect, test } from "vitest";
import { seededRandom } from "#test/support/random.ts";
import {
  elsewhere,
  found,
  imageAt,
  openTrialWorld,
  routeOf,
  type ToldBackend,
  type TrialWorld,
  toldBackend,
} from "#test/support/trial-world.ts";

const watched = { agreement: { share: 1, minimum: 0.9, eject: true } };
const request = { billing: "request", usdPerRequest: 0.01 } as const;

/** All that was begun beside a request has asked whom it wants to ask. */
const aMoment = () => new Promise(setImmediate);

/** One image after the other, each compared before the next comes. */
async function answerMany(
  world: TrialWorld,
  route: Parameters<TrialWorld["answer"]>[0],
  count: number,
  place: number | (() => number) = 0,
): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const before = world.compared.length;
    world.answer(route, typeof place === "number" ? place : place());
    for (let turns = 0; turns < 1_000 && world.compared.length === before; turns += 1) await aMoment();
    expect(world.compared.length).toBeGreaterThan(before);
  }
}

const reading = () => ({ signal: AbortSignal.timeout(5_000) });

async function reportOf(world: TrialWorld, model: string) {
  const { trials } = await world.comparing.report(reading());
  return trials.find((trial) => trial.model === model);
}

test("an image that was answered is answered by another backend too, with a line in the ledger", async () => {
  const backends = [toldBackend("a"), toldBackend("b", { terms: request })];
  const route = routeOf("two-opinions", backends, watched);
  await using world = openTrialWorld([route]);
  await answerMany(world, route, 1);
  expect(world.compared).toMatchObject([{ what: "agreement", backend: "a", peer: "b", agreement: 1 }]);
  const line = {
    kind: "agreement",
    tenant: "acme",
    model: "two-opinions",
    backend: "b",
    usd: 0.01,
    bytes: 100,
  };
  expect(world.spent).toMatchObject([line]);
  expect(route.pool.lanes.map(({ standing }) => standing.inFlight)).toEqual([0, 0]);
});

test("an image of a route that compares nothing is answered once", async () => {
  const backends = [toldBackend("a"), toldBackend("b")];
  const route = routeOf("one-opinion", backends);
  await using world = openTrialWorld([route]);
  world.answer(route);
  await aMoment();
  expect(backends[1]?.asked).toBe(0);
  expect((await world.comparing.report(reading())).trials).toEqual([]);
});

test("no second opinion is sought from who is full, asleep, over its budget or not named", async () => {
  const asleep = { billing: "instance", coldMs: 5_000, idleMs: 60_000, usdPerSecond: 0.001 } as const;
  const backends = [
    toldBackend("a"),
    toldBackend("full", { terms: { mostInFlight: 0 } }),
    toldBackend("asleep", { terms: asleep }),
    toldBackend("dear", { terms: { ...request, budget: { usdPerHour: 0.001, usdPerDay: 1 } } }),
    toldBackend("unnamed"),
  ];
  const named = { agreement: { ...watched.agreement, with: ["full", "asleep", "dear"] } };
  const route = routeOf("no-opinion", backends, named);
  await using world = openTrialWorld([route]);
  for (let n = 0; n < 20; n += 1) world.answer(route);
  await aMoment();
  expect(backends.map(({ asked }) => asked)).toEqual([0, 0, 0, 0, 0]);
  expect(world.spent).toEqual([]);
});

test("nothing larger than may be sent twice is, and nothing while a lane of the route is full", async () => {
  const backends = [toldBackend("a", { terms: { mostInFlight: 2 } }), toldBackend("b")];
  const route = routeOf("no-room", backends, watched);
  await using world = openTrialWorld([route]);
  world.answer(route, 0, { bytes: 2_000_000 });
  const [busy] = route.pool.lanes;
  if (busy) busy.standing.inFlight = 2;
  world.answer(route);
  await aMoment();
  if (busy) busy.standing.inFlight = 0;
  expect(backends[1]?.asked).toBe(0);
  await answerMany(world, route, 1);
  expect(backends[1]?.asked).toBe(1);
});

test("whoever answers wrongly is found out and barred, though it answers every request", async () => {
  const backends = [toldBackend("wrong"), toldBackend("b"), toldBackend("c")];
  const route = routeOf("fast-and-wrong", backends, watched);
  await using world = openTrialWorld([route]);
  const [wrong] = backends;
  if (wrong) wrong.answers = elsewhere;
  await answerMany(world, route, 150);
  expect(route.pool.lanes.map(({ isBarred }) => isBarred)).toEqual([true, false, false]);
  expect(route.tensors.lanes.map(({ isBarred }) => isBarred)).toEqual([true, false, false]);
  expect((await reportOf(world, "fast-and-wrong"))?.drifting).toMatchObject([
    { backend: "wrong", isBarred: true },
  ]);
  // It stays a peer, and may answer again when it is well.
  if (wrong) wrong.answers = found;
  await answerMany(world, route, 400, 1);
  expect(route.pool.lanes.map(({ isBarred }) => isBarred)).toEqual([false, false, false]);
});

test("where the route does not want it nobody is barred, and the metric's facts are told all the same", async () => {
  const backends = [toldBackend("a"), toldBackend("b"), toldBackend("wrong")];
  const route = routeOf("only-told", backends, { agreement: { ...watched.agreement, eject: false } });
  await using world = openTrialWorld([route]);
  if (backends[2]) backends[2].answers = elsewhere;
  let next = 0;
  await answerMany(world, route, 200, () => next++ % 2);
  expect(route.pool.lanes.some(({ isBarred }) => isBarred)).toBe(false);
  expect((await reportOf(world, "only-told"))?.drifting).toMatchObject([
    { backend: "wrong", isBarred: false },
  ]);
});

test("the bars of a route stay when another configuration takes its place", async () => {
  const backends = [toldBackend("a"), toldBackend("b"), toldBackend("wrong")];
  const route = routeOf("bars-stay", backends, watched);
  await using world = openTrialWorld([route]);
  if (backends[2]) backends[2].answers = elsewhere;
  let next = 0;
  await answerMany(world, route, 200, () => next++ % 2);
  const again = routeOf("bars-stay", backends, watched);
  world.serve([again]);
  world.answer(again);
  expect(again.pool.lanes.map(({ isBarred }) => isBarred)).toEqual([false, false, true]);
});

test("a canary is held against those that answer as a rule, though nobody asked for agreement", async () => {
  const backends = [toldBackend("old"), toldBackend("new", { group: 1, canary: 0.1 })];
  const route = routeOf("canary", backends);
  await using world = openTrialWorld([route]);
  if (backends[1]) backends[1].answers = elsewhere;
  world.answer(route, 0);
  await answerMany(world, route, 60, 1);
  expect(backends.map(({ asked }) => asked)).toEqual([60, 0]);
  const names = { backend: "new", kind: "first", verdict: "chosen as canary", state: "answered" } as const;
  const made = { ...names, sentAfterMs: 0, predictedMs: 1, costUsd: 0, ms: 5 };
  const outcome = { answeredBy: "new", totalMs: 5, missed: false, spentUsd: 0 };
  world.comparing.recorded(route, { tries: [made], outcome });
  await answerMany(world, route, 1, 1);
  const report = await reportOf(world, "canary");
  expect(report?.candidates).toMatchObject([
    { kind: "canary", provider: "new", row: { agreement: 0, samples: 1 } },
  ]);
  expect(report?.drifting).toMatchObject([{ backend: "new" }]);
});

test("a shadow gets copies of what was answered, and its answers are compared and thrown away", async () => {
  const [old, shadow] = [toldBackend("old"), toldBackend("shadow", { terms: request })];
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 100 } };
  const route = routeOf("shadowed", [old], rules, [shadow]);
  await using world = openTrialWorld([route]);
  // The first finds out what the shadow has.
  world.answer(route);
  await aMoment();
  await answerMany(world, route, 3);
  expect(shadow.asked).toBe(3);
  expect(world.spent.every(({ kind, usd }) => kind === "shadow" && usd === 0.01)).toBe(true);
  const report = await reportOf(world, "shadowed");
  expect(report?.candidates).toMatchObject([
    { kind: "shadow", row: { agreement: 1, samples: 3, errors: 0 } },
  ]);
});

test("copies never cost more than their budget of an hour, parted among the gateways", async () => {
  const random = seededRandom(5);
  const [old, shadow] = [toldBackend("old"), toldBackend("shadow", { terms: request })];
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 0.4 } };
  const route = routeOf("budgeted", [old], rules, [shadow]);
  await using world = openTrialWorld([route], { gateways: () => 2 });
  const sent: number[] = [];
  for (let n = 0; n < 400; n += 1) {
    world.clock.advance(random.integer(0, 120_000));
    const before = shadow.asked;
    world.answer(route);
    await aMoment();
    await aMoment();
    if (shadow.asked > before) sent.push(world.clock.elapsed());
    const inHour = sent.filter((at) => at > world.clock.elapsed() - 3_600_000).length;
    expect(inHour * 0.01).toBeLessThanOrEqual(0.2 + 1e-9);
  }
  expect(sent.length).toBeGreaterThan(20);
});

test("a shadow that hangs holds a few copies and no more, and closing gives them up", async () => {
  const [old, shadow] = [toldBackend("old"), toldBackend("shadow")];
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 1 } };
  const route = routeOf("hanging", [old], rules, [shadow]);
  const world = openTrialWorld([route]);
  world.answer(route);
  await aMoment();
  shadow.answers = "hangs";
  for (let n = 0; n < 100; n += 1) world.answer(route);
  await aMoment();
  expect(shadow.asked).toBe(8);
  await world[Symbol.asyncDispose]();
  await world.comparing.close();
  world.answer(route);
  await aMoment();
  expect(shadow.asked).toBe(8);
});

test("who asked for another version than the newest is not held against a shadow", async () => {
  const [old, shadow] = [toldBackend("old"), toldBackend("shadow")];
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 1 } };
  const route = routeOf("pinned", [old], rules, [shadow]);
  await using world = openTrialWorld([route]);
  world.answer(route);
  await aMoment();
  const { model: newest } = imageAt(route);
  const model = { ...newest, version: "0" };
  world.answer(route, 0, { model });
  await aMoment();
  expect(shadow.asked).toBe(0);
  await answerMany(world, route, 1);
  expect(shadow.asked).toBe(1);
});

test("new weights and another step of a trial begin with no facts", async () => {
  const [old, shadow] = [toldBackend("old"), toldBackend("shadow")] as const;
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 1 } };
  const route = routeOf("fresh", [old], rules, [shadow]);
  await using world = openTrialWorld([route]);
  const samples = async () => (await reportOf(world, "fresh"))?.candidates[0]?.row.samples;
  const count = async (of: typeof route, backend: ToldBackend) => {
    world.answer(of);
    await aMoment();
    const before = backend.asked;
    await answerMany(world, of, 2);
    expect(backend.asked).toBeGreaterThan(before);
  };
  await count(route, shadow);
  expect(await samples()).toBeGreaterThanOrEqual(2);
  shadow.version = "2";
  world.clock.advance(11_000);
  world.answer(route);
  await aMoment();
  expect(await samples()).toBeLessThanOrEqual(1);
  const canary = routeOf("fresh", [old, { ...shadow, place: { group: 1, canary: 0.1 } }]);
  world.serve([canary]);
  expect(await samples()).toBe(0);
});

test("what stands under a backend that fails is a failure of its own, and no answer fails of it", async () => {
  const [old, shadow] = [toldBackend("old"), toldBackend("shadow")] as const;
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 1 } };
  const route = routeOf("failing", [old], rules, [shadow]);
  await using world = openTrialWorld([route]);
  world.answer(route);
  await aMoment();
  shadow.answers = "fails";
  await answerMany(world, route, 4);
  const report = await reportOf(world, "failing");
  expect(report?.candidates).toMatchObject([{ row: { errors: 1, samples: 4, agreement: undefined } }]);
});

test("what a shadow may cost in an hour holds also when another configuration takes the place of this one", async () => {
  const terms = { ...request, budget: { usdPerHour: 0.025, usdPerDay: 1 } };
  const rules = { shadow: { provider: "shadow", share: 1, usdPerHour: 100 } };
  const [one, other] = [toldBackend("shadow", { terms }), toldBackend("shadow", { terms })];
  const [before, after] = [one, other].map((shadow) =>
    routeOf("reloaded", [toldBackend("old")], rules, [shadow]),
  );
  if (!before || !after) throw new Error("there are two");
  await using world = openTrialWorld([before]);
  for (let n = 0; n < 10; n += 1) {
    world.answer(before);
    await aMoment();
  }
  expect(one.asked).toBe(2);
  world.serve([after]);
  for (let n = 0; n < 10; n += 1) {
    world.answer(after);
    await aMoment();
  }
  expect(other.asked).toBe(0);
});
