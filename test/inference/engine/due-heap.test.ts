import { expect, test } from "vitest";
import { createDueHeap, type Due, nowhere } from "#inference/engine/due-heap.ts";
import { seededRandom } from "#test/support/random.ts";

const dueAt = (at: number): Due => ({ dueAt: at, slot: nowhere, turn: 0 });

test("whatever is added and removed, the first is what is due first", () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed);
    const heap = createDueHeap<Due>();
    let plain: Due[] = [];
    for (let step = 0; step < 60; step += 1) {
      if (random.chance(0.6)) {
        const item = dueAt(random.integer(0, 20));
        heap.add(item);
        plain.push(item);
      } else {
        const item = plain[random.integer(0, plain.length)] ?? dueAt(0);
        heap.remove(item);
        plain = plain.filter((other) => other !== item);
        expect(item.slot).toBe(nowhere);
      }
      plain.sort((a, b) => a.dueAt - b.dueAt);
      expect(heap.first, `seed ${seed} step ${step}`).toBe(plain[0]);
    }
  }
});

test("what was added already, or is not there, changes nothing", () => {
  const heap = createDueHeap<Due>();
  const [one, other] = [dueAt(1), dueAt(2)];
  heap.add(one);
  heap.add(one);
  heap.remove(other);
  heap.remove(one);
  expect(heap.first).toBeUndefined();
});

test("a hundred thousand due things come and go quickly, in any order", () => {
  const heap = createDueHeap<Due>();
  const random = seededRandom(1);
  const items = Array.from({ length: 100_000 }, () => dueAt(random.bits()));
  const start = performance.now();
  for (const item of items) heap.add(item);
  for (let index = 0; index < items.length; index += 2) {
    const item = items[index];
    if (item) heap.remove(item);
  }
  let [last, inOrder, count] = [0, true, 0];
  for (let item = heap.first; item; item = heap.first) {
    inOrder &&= item.dueAt >= last;
    last = item.dueAt;
    count += 1;
    heap.remove(item);
  }
  expect([inOrder, count]).toEqual([true, 50_000]);
  expect(performance.now() - start).toBeLessThan(2_000);
});
