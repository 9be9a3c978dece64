/** Something that is due at a time; the heap notes for itself where it lies, and who came first of those due together. */
export type Due = { dueAt: number; slot: number; turn: number };

/** What is due first, with removal from anywhere, each in logarithmic time: nothing that left is held on to. */
export type DueHeap<Item extends Due> = {
  readonly first: Item | undefined;
  readonly add: (item: Item) => void;
  /** Does nothing when the item is not in it. */
  readonly remove: (item: Item) => void;
};

/** The `slot` of what lies in no heap. */
export const nowhere = -1;

export function createDueHeap<Item extends Due>(): DueHeap<Item> {
  const heap: Item[] = [];
  let turns = 0;
  return {
    get first() {
      return heap[0];
    },
    add: (item) => {
      if (item.slot !== nowhere) return;
      turns += 1;
      item.turn = turns;
      place(heap, item, heap.length);
      rise(heap, item);
    },
    remove: (item) => {
      if (heap[item.slot] !== item) return;
      const hole = item.slot;
      item.slot = nowhere;
      const last = heap.pop();
      if (!last || last === item) return;
      place(heap, last, hole);
      rise(heap, last);
      sink(heap, last);
    },
  };
}

function place<Item extends Due>(heap: Item[], item: Item, slot: number): void {
  heap[slot] = item;
  item.slot = slot;
}

function rise<Item extends Due>(heap: Item[], item: Item): void {
  while (item.slot > 0) {
    const slot = item.slot;
    const parent = heap[(slot - 1) >> 1];
    if (!parent || isBefore(parent, item)) return;
    const above = parent.slot;
    place(heap, parent, slot);
    place(heap, item, above);
  }
}

function sink<Item extends Due>(heap: Item[], item: Item): void {
  for (;;) {
    const slot = item.slot;
    const [left, right] = [heap[2 * slot + 1], heap[2 * slot + 2]];
    const child = right && left && isBefore(right, left) ? right : left;
    if (!child || isBefore(item, child)) return;
    const below = child.slot;
    place(heap, child, slot);
    place(heap, item, below);
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.dueAt < other.dueAt || (one.dueAt === other.dueAt && one.turn < other.turn);
}
