import { TradewindError } from "#infra/runtime/errors.ts";

/** The bound on requests in hand at once, and with it on the memory their bodies can take. */
export type InFlight = { readonly enter: () => Disposable; readonly count: () => number };

export function createInFlight({ most }: { readonly most: number }): InFlight {
  let count = 0;
  const enter = (): Disposable => {
    if (count >= most)
      throw new TradewindError("overloaded", `${most} requests are in hand already, try again shortly`);
    count += 1;
    let inside = true;
    return {
      [Symbol.dispose]: () => {
        if (inside) count -= 1;
        inside = false;
      },
    };
  };
  return { enter, count: () => count };
}
