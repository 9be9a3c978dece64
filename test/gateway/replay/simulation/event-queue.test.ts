import { expect, test } from "vitest";
import { EventQueue, type Happening } from "#gateway/replay/simulation/event-queue.ts";
import { seededRandom } from "#test/support/random.ts";

test("lets what was planned happen in the order of its times, whatever was moved or cancelled", () => {
  const random = seededRandom(7);
  const queue = new EventQueue();
  const expected = new Map<Happening, number>();
  const happened: number[] = [];
  const events = Array.from({ length: 400 }, () => {
    const event: Happening = {
      place: -1,
      happen: (now) => {
        happened.push(now);
        expect(expected.get(event)).toBe(now);
        expected.delete(event);
      },
    };
    return event;
  });
  for (let turn = 0; turn < 5_000; turn += 1) {
    const event = events[random.integer(0, events.length - 1)];
    if (!event) continue;
    const at = queue.now + random.integer(0, 1_000);
    if (random.chance(0.2)) {
      queue.cancel(event);
      expected.delete(event);
    } else {
      queue.plan(event, at);
      expected.set(event, at);
    }
    if (random.chance(0.3)) queue.step();
  }
  while (queue.size > 0) queue.step();
  expect(expected.size).toBe(0);
  expect(happened).toEqual(happened.toSorted((a, b) => a - b));
  expect(events.every(({ place }) => place === -1)).toBe(true);
});

test("of two at the same moment lets the one happen first that was planned first", () => {
  const queue = new EventQueue();
  const order: string[] = [];
  const event = (name: string): Happening => ({ place: -1, happen: () => void order.push(name) });
  const moved = event("moved");
  queue.plan(moved, 1);
  for (const name of ["a", "b", "c"]) queue.plan(event(name), 5);
  queue.plan(moved, 5);
  while (queue.size > 0) queue.step();
  expect(order).toEqual(["a", "b", "c", "moved"]);
});

test("never lets time run backwards", () => {
  const queue = new EventQueue();
  const seen: number[] = [];
  queue.passTo(10);
  queue.plan({ place: -1, happen: (now) => void seen.push(now) }, 3);
  queue.passTo(5);
  expect(queue.nextAt).toBe(10);
  queue.step();
  queue.step();
  expect(seen).toEqual([10]);
  expect(queue.nextAt).toBe(Number.POSITIVE_INFINITY);
});
