import { expect, test, vi } from "vitest";
import type { Provider } from "#adapters/provider.ts";
import { createFinder } from "#gateway/fleet/find-backends.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type ChangingProvider, createChangingProvider } from "#test/support/changing-provider.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { chanceAlways } from "#test/support/lanes.ts";
import { termsWith } from "#test/support/routes.ts";

const at = (port: number, name?: string) => ({
  url: `http://127.0.0.1:${port}`,
  ...(name !== undefined && { name }),
});

/** A finder over one provider of the test's, with what it told. */
async function openFinding(
  answer: Parameters<ChangingProvider["say"]>[0],
  {
    rediscoverMs = 5_000,
    patienceMs = 60_000,
  }: { rediscoverMs?: number | undefined; patienceMs?: number } = {},
) {
  await using opening = new AsyncDisposableStack();
  const changing = opening.use(createChangingProvider(answer, rediscoverMs || undefined));
  const clock = createFakeClock();
  const finder = opening.use(createFinder({ clock, chance: chanceAlways(1), patienceMs }));
  const close = async () => {};
  const rest = { kind: "static", terms: termsWith(), close, [Symbol.asyncDispose]: close };
  const { discover } = changing;
  const provider: Provider = { ...rest, discover, ...(rediscoverMs && { rediscoverMs }) };
  const providers = new Map([["cloud", provider]]);
  const told: string[] = [];
  opening.defer(
    sideConcernSkipped.subscribe(({ what, detail, error }) =>
      told.push(`${what} ${detail}: ${(error as Error).message}`),
    ),
  );
  let changes = 0;
  const opened = opening.move();
  return {
    ...{ changing, clock, finder, told },
    find: (signal = new AbortController().signal) => finder.find(providers, signal),
    known: () =>
      finder
        .recall(providers)
        .get("cloud")
        ?.endpoints.map(({ url, name = "" }) => `${name} ${url}`),
    follow: () =>
      finder.follow(providers, () => {
        changes += 1;
      }),
    unfollow: () => finder.follow(new Map(), () => {}),
    changes: () => changes,
    turn: async (ms: number) => {
      const before = changing.asked();
      await settled();
      clock.advance(ms);
      await vi.waitFor(() => expect(changing.asked()).toBe(before + 1));
      await settled();
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** Everything that waits for nothing has happened. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a provider is asked once however often it is looked for, and again on its own beat", async () => {
  await using world = await openFinding([at(1, "a")]);
  for (let n = 0; n < 3; n += 1) expect((await world.find()).failures).toEqual([]);
  expect([world.known(), world.changing.asked()]).toEqual([["a http://127.0.0.1:1"], 1]);
  world.follow();
  world.follow();
  world.clock.advance(4_999);
  await Promise.resolve();
  expect(world.changing.asked()).toBe(1);
  world.changing.say([at(1, "a"), at(2, "b")]);
  world.clock.advance(1);
  await vi.waitFor(() => expect(world.changes()).toBe(1));
  expect(world.known()).toEqual(["a http://127.0.0.1:1", "b http://127.0.0.1:2"]);
  expect(world.changing.asked()).toBe(2);
});

test("a backend that is named twice is no news each time that it is", async () => {
  await using world = await openFinding([at(1, "a"), at(1, "a"), at(2)]);
  await world.find();
  world.follow();
  for (let n = 0; n < 2; n += 1) await world.turn(5_000);
  expect(world.changes()).toBe(0);
  world.changing.say([at(1, "a"), at(2), at(2)]);
  await world.turn(5_000);
  expect(world.changes()).toBe(1);
});

test("of too many backends the same ones are taken each time, in whatever order they are told", async () => {
  const many = Array.from({ length: 1_200 }, (_, n) => at(1 + n, `task-${n}`));
  await using world = await openFinding(many);
  await world.find();
  world.follow();
  expect(world.known()).toHaveLength(1_000);
  world.changing.say(many.toReversed());
  await world.turn(5_000);
  expect(world.changes()).toBe(0);
});

test("the same backends in another order are no news, and another one at the same address is", async () => {
  await using world = await openFinding([at(1, "a"), at(2, "b")]);
  await world.find();
  world.follow();
  world.changing.say([at(2, "b"), at(1, "a")]);
  await world.turn(5_000);
  expect(world.changes()).toBe(0);
  world.changing.say([at(2, "c"), at(1, "a")]);
  await world.turn(5_000);
  await vi.waitFor(() => expect(world.changes()).toBe(1));
});

test("what is known stays where a provider fails or says nothing, and it is told who", async () => {
  await using world = await openFinding([at(1)], { patienceMs: 20 });
  await world.find();
  world.follow();
  world.changing.say(new TradewindError("provider_throttled", "asked too often"));
  await world.turn(5_000);
  expect(world.told).toEqual(["finding backends cloud: asked too often"]);
  world.changing.say("nothing");
  await world.turn(5_000);
  await vi.waitFor(() => expect(world.told).toHaveLength(2));
  expect([world.known(), world.changes()]).toEqual([[" http://127.0.0.1:1"], 0]);
  world.changing.say([]);
  await world.turn(5_000);
  await vi.waitFor(() => expect(world.known()).toEqual([]));
});

test("one that fails at first has no backends, holds nobody up again, and is asked soon beside the path", async () => {
  await using world = await openFinding(new Error("away"), { rediscoverMs: 60_000 });
  expect((await world.find()).failures).toEqual([new Error("away")]);
  expect((await world.find()).failures).toEqual([]);
  expect([world.known(), world.changing.asked()]).toEqual([[], 1]);
  world.changing.say([at(1)]);
  world.follow();
  await world.turn(2_000);
  await vi.waitFor(() => expect(world.known()).toEqual([" http://127.0.0.1:1"]));
  expect(world.changes()).toBe(1);
});

test("one that never moves is asked until it has answered, and never again", async () => {
  await using world = await openFinding(new Error("away"), { rediscoverMs: 0 });
  await world.find();
  world.follow();
  await world.turn(2_000);
  world.changing.say([at(1)]);
  await world.turn(2_000);
  await vi.waitFor(() => expect(world.changes()).toBe(1));
  const asked = world.changing.asked();
  for (let n = 0; n < 20; n += 1) {
    world.clock.advance(60_000);
    await Promise.resolve();
  }
  expect(world.changing.asked()).toBe(asked);
});

test("a provider that nobody follows any more is not asked", async () => {
  await using world = await openFinding([at(1)]);
  await world.find();
  world.follow();
  await world.turn(5_000);
  world.unfollow();
  const asked = world.changing.asked();
  for (let n = 0; n < 20; n += 1) {
    world.clock.advance(5_000);
    await Promise.resolve();
  }
  expect(world.changing.asked()).toBe(asked);
});

test("who stops waits for no provider, and a cloud that names too many backends is believed some of them", async () => {
  await using silent = await openFinding("nothing");
  const stopping = new AbortController();
  const finding = silent.find(stopping.signal);
  stopping.abort(new Error("stopped"));
  await expect(finding).rejects.toThrow("stopped");
  expect(silent.told).toEqual([]);
  await using crowd = await openFinding(Array.from({ length: 1_003 }, (_, n) => at(n + 1)));
  await crowd.find();
  expect(crowd.known()).toHaveLength(1_000);
});
