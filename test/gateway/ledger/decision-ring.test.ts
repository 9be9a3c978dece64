import { expect, test } from "vitest";
import { DecisionRing } from "#gateway/ledger/decision-ring.ts";
import { recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";
import { seededRandom } from "#test/support/random.ts";

const { course } = pursue(poolOf([laneOf("b")]), () => ({ ms: 10 }));
const recorded = (requestId: string, image = 0) => recordPursuit(course, factsOf({ requestId, image }));

test("a ring of decisions holds the latest of them, the newest first, however many were added", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 30; round += 1) {
    const [most, added] = [random.integer(1, 20), random.integer(0, 60)];
    const ring = new DecisionRing(most);
    for (let n = 0; n < added; n += 1) ring.add(recorded("r", n));
    const all = Array.from({ length: added }, (_, n) => n).reverse();
    expect([...ring.newest()].map(({ image }) => image)).toEqual(all.slice(0, most));
  }
});

test.each(["__proto__", "constructor", "", "a\u0000b", "%00", "../../x", "'; DROP TABLE decisions; --"])(
  "the request id %j finds nothing but its own decisions in a ring",
  (id) => {
    const ring = new DecisionRing(10);
    ring.add(recorded("harmless"));
    expect(ring.find(id)).toEqual([]);
    ring.add(recorded(id));
    expect(ring.find(id).map(({ requestId }) => requestId)).toEqual([id]);
  },
);

test("an id that comes again and again is told a bounded number of times", () => {
  const ring = new DecisionRing(1_000);
  for (let n = 0; n < 1_000; n += 1) ring.add(recorded("again"));
  expect(ring.find("again")).toHaveLength(256);
});
