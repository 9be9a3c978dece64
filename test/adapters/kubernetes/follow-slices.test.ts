import { expect, onTestFinished, test, vi } from "vitest";
import { followSlices } from "#adapters/kubernetes/follow-slices.ts";
import type { Watching } from "#adapters/kubernetes/open-api.ts";
import { readSlice } from "#adapters/kubernetes/read-slice.ts";
import { sideConcernSkipped } from "#infra/runtime/channels.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { noHurry } from "#test/support/ask-backend.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";

const slice = (name: string) => ({ metadata: { name, resourceVersion: "5" }, addressType: "IPv4" });

/** An API server whose watches last until a test ends them. */
function follow() {
  const clock = createFakeClock();
  const troubles: string[] = [];
  const lists: (Error | string)[] = [];
  const watches: { readonly watching: Watching; readonly end: PromiseWithResolvers<void> }[] = [];
  let listed = 0;
  const followed = followSlices({
    clock,
    chance: { number: () => 0.5, bytes: () => new Uint8Array() },
    service: "detector",
    api: {
      list: async () => {
        listed += 1;
        const next = lists.shift() ?? "s1";
        if (next instanceof Error) throw next;
        return { slices: [readSlice(slice(next))], version: "5" };
      },
      watch: (_, watching) => {
        const end = Promise.withResolvers<void>();
        watching.signal.addEventListener("abort", () => end.reject(watching.signal.reason));
        watches.push({ watching, end });
        return end.promise;
      },
    },
  });
  const stop = sideConcernSkipped.subscribe(({ error }) => troubles.push((error as Error).message));
  onTestFinished(async () => {
    stop();
    await followed.close();
  });
  const names = async () => (await followed.now({ signal: noHurry() })).map(({ metadata }) => metadata.name);
  return { clock, troubles, lists, watches, followed, names, listed: () => listed };
}

const watchOf = async (watches: ReturnType<typeof follow>["watches"], number: number) => {
  await vi.waitFor(() => expect(watches.length).toBeGreaterThan(number));
  const found = watches[number];
  if (!found) throw new Error("no such watch");
  return found;
};

test("a watch asks from the moment of the list, and to be ended by the server after some minutes", async () => {
  const { names, watches, listed } = follow();
  expect(await names()).toEqual(["s1"]);
  const { watching } = await watchOf(watches, 0);
  expect(watching).toMatchObject({ version: "5", seconds: 270 });
  watching.onLine(JSON.stringify({ type: "ADDED", object: slice("s2") }));
  watching.onLine(JSON.stringify({ type: "SOMETHING_NEW", object: 5 }));
  expect(await names()).toEqual(["s1", "s2"]);
  expect(listed()).toBe(1);
});

test("a server that says nothing for longer than it promised is left, and listed anew", async () => {
  const { clock, names, watches, troubles, lists, listed } = follow();
  await names();
  await watchOf(watches, 0);
  clock.advance(299_000);
  await Promise.resolve();
  expect(troubles).toEqual([]);
  lists.push("s9");
  clock.advance(2_000);
  await vi.waitFor(() => expect(troubles).toEqual(["the API server fell silent"]));
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect(listed()).toBe(2);
  });
  await watchOf(watches, 1);
  expect(await names()).toEqual(["s9"]);
});

test("after a clean end it waits a moment, and goes on where it was", async () => {
  const { clock, names, watches, listed, troubles } = follow();
  await names();
  const first = await watchOf(watches, 0);
  first.watching.onLine(
    JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "77" } } }),
  );
  first.end.resolve();
  await Promise.resolve();
  expect(watches).toHaveLength(1);
  const second = await vi.waitFor(() => {
    clock.advance(500);
    const [, next] = watches;
    if (!next) throw new Error("not yet");
    return next;
  });
  expect(second.watching.version).toBe("77");
  expect({ listed: listed(), troubles }).toEqual({ listed: 1, troubles: [] });
});

test("who cannot list at first is told, and the next who asks asks anew", async () => {
  const { names, lists, listed } = follow();
  lists.push(new TradewindError("provider_forbidden", "may not"));
  await expect(names()).rejects.toThrow("may not");
  expect(await names()).toEqual(["s1"]);
  expect(listed()).toBe(2);
});

test("who cannot list later keeps what was known, and asks ever more seldom", async () => {
  const { clock, names, watches, lists, listed, troubles } = follow();
  await names();
  const { end } = await watchOf(watches, 0);
  for (let time = 0; time < 4; time += 1) lists.push(new TradewindError("provider_forbidden", "may not"));
  end.reject(new TradewindError("provider_unavailable", "gone"));
  await vi.waitFor(() => expect(troubles).toEqual(["gone"]));
  const waited: number[] = [];
  for (let turn = 2; turn <= 5; turn += 1) {
    let ms = 0;
    await vi.waitFor(
      () => {
        clock.advance(100);
        ms += 100;
        expect(listed()).toBe(turn);
      },
      { interval: 1 },
    );
    waited.push(ms);
    expect(await names()).toEqual(["s1"]);
  }
  expect(waited[3]).toBeGreaterThan(2 * (waited[1] ?? 0));
});

test("closed before anybody asked, and twice, it has nothing to end", async () => {
  const { followed, watches } = follow();
  await followed.close();
  await followed.close();
  expect(watches).toEqual([]);
});
