import { expect, test } from "vitest";
import { openSharingWorld, skippedConcerns, sleepingTerms } from "#test/support/sharing-gateways.ts";

const hostile = [
  "",
  "nonsense",
  "[]",
  "null",
  "7",
  '"told"',
  '{"head":null}',
  '{"head":{"version":1}}',
  '{"head":{"version":1,"id":7,"turn":1},"backends":{"a":[5,0,0,0,0]}}',
  '{"head":{"version":2,"id":"x","turn":1},"backends":{"a":[5,0,0,0,0]}}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":[["a"]]}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":{"a":[1e999,0,0,0,0]}}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":{"a":[-5,0,0,0,0]}}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":{"a":["5",0,0,0,0]}}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":{"a":[5,0.5,1,0,0]}}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":{"a":{"0":5}}}',
  '{"head":{"version":1,"id":"x","turn":1},"backends":{"__proto__":[5,0,0,0,0],"constructor":[5,0,0,0,0]}}',
  `{"head":{"version":1,"id":"${"x".repeat(65)}","turn":1},"backends":{"a":[5,0,0,0,0]}}`,
  `${"[".repeat(100_000)}`,
  '{"head":{"version":1},"backends":{"a":{"m":[1e999,0,1,[],[]]}}}',
  '{"head":{"version":1},"backends":{"a":{"m":[50,0,1,[0,5],[]]}}}',
  '{"head":{"version":1},"backends":{"a":{"m":[50,0,1,[0.5,5,5],[]]}}}',
  '{"head":{"version":1},"backends":{"a":{"m":[50,0,-1,[0,5,5],[0,1]]}}}',
  '{"head":{"version":1},"backends":{"a":{"m":[50,0,1,[0,5,1e30],[0,1]]}}}',
];

test("what is no telling changes nothing, whatever lies at the keys", async () => {
  const skipped = skippedConcerns();
  for (const values of [hostile.slice(0, 12), hostile.slice(12)]) {
    const world = openSharingWorld();
    for (const [seat, value] of values.entries())
      for (const kind of ["told", "learned"])
        await world.softState.apply([
          { kind: "set", key: `dispatch:${kind}:${seat}`, value, ttlMs: 600_000 },
        ]);
    const one = await world.join();
    await world.pass(2_000);
    const { breaker } = one.at("a");
    const { samples } = one.known.latency("a", "m");
    const now = world.clock.now();
    expect([one.at("a").load(now), breaker.most(now), samples]).toEqual([1, Number.POSITIVE_INFINITY, 0]);
  }
  expect(skipped).toEqual([]);
});

test("bytes that are no text change nothing either, and neither does a value of megabytes", async () => {
  const world = openSharingWorld();
  const values = [Uint8Array.of(0xff, 0xfe, 0x00), Buffer.alloc(1_048_576, "[")];
  for (const [seat, value] of values.entries())
    await world.softState.apply([{ kind: "set", key: `dispatch:told:${seat}`, value, ttlMs: 600_000 }]);
  const one = await world.join();
  await world.pass(2_000);
  expect(one.at("a").load(world.clock.now())).toBe(1);
  expect(one.shared.tellers()).toBe(0);
});

test("exaggerated words of another gateway are believed within what is declared only", async () => {
  const world = openSharingWorld({ backends: { a: sleepingTerms } });
  const value =
    '{"head":{"version":1,"id":"x","turn":1},"backends":{"a":[3,1,2000000000,2000000000,1000000]}}';
  await world.softState.apply([{ kind: "set", key: "dispatch:told:0", value, ttlMs: 600_000 }]);
  const one = await world.join();
  const { warmth, breaker } = one.at("a");
  const now = world.clock.now();
  expect(warmth.most(now)).toBe(sleepingTerms.mostInFlight);
  expect(warmth.awakeUntil).toBe(now + sleepingTerms.idleMs);
  expect(breaker.most(now)).toBe(1);
  expect(one.at("a").load(now)).toBe(4);
  // Nobody renews these words, though they lie there still.
  await world.pass(6_000);
  expect(one.at("a").load(world.clock.now())).toBe(1);
  await world.pass(56_000);
  expect(warmth.isAwake(world.clock.now())).toBe(false);
  expect(breaker.most(world.clock.now())).toBe(Number.POSITIVE_INFINITY);
});
