/** Lets a few tasks run at once; the others wait for their turn, first come first served. */
export type Gate = <Result>(task: () => Promise<Result>) => Promise<Result>;

export function createGate(places: number): Gate {
  const waiting: (() => void)[] = [];
  let free = places;
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((enter) => waiting.push(enter));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      // The place goes from hand to hand, so that nobody slips in between.
      if (next) next();
      else free += 1;
    }
  };
}
