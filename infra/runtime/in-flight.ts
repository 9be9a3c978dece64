import { TradewindError } from "./errors.ts";

/** The bound on requests in hand at once, and on the memory that their bodies can take together. */
export type InFlight = {
  /** Takes a place and room for that many bytes, or refuses at once; disposing the place gives both back. */
  readonly enter: (bytes: number) => Place;
  readonly count: () => number;
  readonly bytes: () => number;
};

export type Place = Disposable & {
  /** Tells how large the body was in the end, which gives back what was reserved for nothing. */
  readonly settle: (bytes: number) => void;
  /** Tells how large the body is so far, and throws where that is more than there is room for. */
  readonly grow: (bytes: number) => void;
};

export type InFlightOptions = {
  readonly most: number;
  readonly mostBytes?: number;
  /** Whose overload a refusal is: a backend that is full is tried elsewhere. */
  readonly code?: "overloaded" | "backend_full";
};

export function createInFlight({
  most,
  mostBytes = 512 * 1_048_576,
  code = "overloaded",
}: InFlightOptions): InFlight {
  const overloaded = (why: string) => new TradewindError(code, `${why}, try again shortly`);
  let count = 0;
  let bytes = 0;
  const enter = (wanted: number): Place => {
    if (count >= most) throw overloaded(`${most} requests are in hand already`);
    if (bytes + wanted > mostBytes)
      throw overloaded(`the bodies in hand leave no room for ${wanted} bytes more`);
    let held = wanted;
    let inside = true;
    count += 1;
    bytes += held;
    const settle = (actual: number): void => {
      if (!inside) return;
      bytes += actual - held;
      held = actual;
    };
    const grow = (actual: number): void => {
      settle(actual);
      if (bytes > mostBytes) throw overloaded(`the bodies in hand leave no room for ${actual} bytes`);
    };
    const leave = (): void => {
      settle(0);
      if (inside) count -= 1;
      inside = false;
    };
    return { settle, grow, [Symbol.dispose]: leave };
  };
  return { enter, count: () => count, bytes: () => bytes };
}
