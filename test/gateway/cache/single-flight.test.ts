import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { createFlights } from "#gateway/cache/single-flight.ts";

/** Runs that end when the test says so. */
function createRuns() {
  const runs: { signal: AbortSignal; land: (result: string) => void; crash: (error: Error) => void }[] = [];
  const work = (signal: AbortSignal) =>
    new Promise<string>((land, crash) => {
      runs.push({ signal, land, crash });
    });
  return { runs, work };
}

test("a hundred callers of one name share one run, and those of another name have their own", async () => {
  const flights = createFlights<string>();
  const { runs, work } = createRuns();
  const callers = Array.from({ length: 100 }, () => flights.fly("a", new AbortController().signal, work));
  const other = flights.fly("b", undefined, work);
  expect(runs).toHaveLength(2);
  expect([flights.size(), flights.underWay("a"), flights.underWay("c")]).toEqual([2, true, false]);
  runs[0]?.land("one");
  runs[1]?.land("two");
  expect(new Set(await Promise.all(callers))).toEqual(new Set(["one"]));
  expect(await other).toBe("two");
  expect(flights.size()).toBe(0);
});

test("a run that landed is forgotten, and so is one that failed for everybody", async () => {
  const flights = createFlights<string>();
  const { runs, work } = createRuns();
  const failed = Promise.allSettled([flights.fly("a", undefined, work), flights.fly("a", undefined, work)]);
  runs[0]?.crash(new Error("no backend"));
  for (const outcome of await failed)
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: "no backend" } });
  const again = flights.fly("a", undefined, work);
  runs[1]?.land("now");
  expect(await again).toBe("now");
  expect(runs).toHaveLength(2);
});

test("a caller who leaves a shared run hears their own reason, and the others their answer", async () => {
  const flights = createFlights<string>();
  const { runs, work } = createRuns();
  const first = new AbortController();
  const leaver = flights.fly("a", first.signal, work);
  const stayer = flights.fly("a", new AbortController().signal, work);
  first.abort(new Error("first left"));
  await expect(leaver).rejects.toThrow("first left");
  expect(runs[0]?.signal.aborted).toBe(false);
  runs[0]?.land("done");
  expect(await stayer).toBe("done");
});

test("a run ends with its last caller by that one's reason, and the next caller begins anew", async () => {
  const flights = createFlights<string>();
  const { runs, work } = createRuns();
  const [one, two] = [new AbortController(), new AbortController()];
  const both = Promise.allSettled([flights.fly("a", one.signal, work), flights.fly("a", two.signal, work)]);
  one.abort(new Error("one left"));
  two.abort(new Error("two left"));
  await both;
  expect(runs[0]?.signal.reason).toMatchObject({ message: "two left" });
  expect(flights.size()).toBe(0);
  const next = flights.fly("a", undefined, work);
  runs[0]?.crash(new Error("late"));
  await new Promise(setImmediate);
  expect(flights.underWay("a")).toBe(true);
  runs[1]?.land("fresh");
  expect(await next).toBe("fresh");
});

test("a caller who had left before neither begins nor joins a run", async () => {
  const flights = createFlights<string>();
  const { runs, work } = createRuns();
  await expect(flights.fly("a", AbortSignal.abort(new Error("gone")), work)).rejects.toThrow("gone");
  expect([runs.length, flights.size()]).toEqual([0, 0]);
});

test("work that throws before it waits fails its callers as any other failure", async () => {
  const flights = createFlights<string>();
  const crash = (): never => {
    throw new Error("at once");
  };
  await expect(flights.fly("a", undefined, crash)).rejects.toThrow("at once");
  expect(flights.size()).toBe(0);
});

test("a landed run leaves no listener on the signals of its callers", async () => {
  const flights = createFlights<string>();
  const { runs, work } = createRuns();
  const { signal } = new AbortController();
  const sixteen = Array.from({ length: 16 }, (_, name) => flights.fly(`${name}`, signal, work));
  expect(getEventListeners(signal, "abort")).toHaveLength(16);
  for (const { land } of runs) land("done");
  await Promise.all(sixteen);
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
