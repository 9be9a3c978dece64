import { expect, test } from "vitest";
import { createInFlight } from "#infra/runtime/in-flight.ts";

test("room is given back by what the body turned out to be, and the rest on leaving, once", () => {
  const inFlight = createInFlight({ most: 10, mostBytes: 100 });
  const place = inFlight.enter(80);
  expect(() => inFlight.enter(21)).toThrow("the bodies in hand leave no room for 21 bytes more");
  place.settle(10);
  using other = inFlight.enter(90);
  expect(inFlight.bytes()).toBe(100);
  place[Symbol.dispose]();
  place[Symbol.dispose]();
  place.settle(50);
  expect({ count: inFlight.count(), bytes: inFlight.bytes() }).toEqual({ count: 1, bytes: 90 });
  other[Symbol.dispose]();
  expect({ count: inFlight.count(), bytes: inFlight.bytes() }).toEqual({ count: 0, bytes: 0 });
});

test("a request that is refused takes neither a place nor room", () => {
  const inFlight = createInFlight({ most: 1, mostBytes: 100 });
  expect(() => inFlight.enter(101)).toThrow("leave no room for 101 bytes");
  using _ = inFlight.enter(100);
  expect(() => inFlight.enter(0)).toThrow("1 requests are in hand already");
  expect({ count: inFlight.count(), bytes: inFlight.bytes() }).toEqual({ count: 1, bytes: 100 });
});
