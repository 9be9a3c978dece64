import { expect, test } from "vitest";
import { askOrigins, type Leg } from "#edge/fetch/ask-origins.ts";
import { backoffMs } from "#edge/fetch/backoff.ts";
import { captivity } from "#edge/fetch/captive.ts";
import { createPace } from "#edge/fetch/pace.ts";
import { readBounded } from "#edge/fetch/read-bounded.ts";
import { watchStall } from "#edge/fetch/watch-stall.ts";
import { untilWindowCloses } from "#edge/fetch/window.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { createFakeOrigin } from "#test/support/edge/fake-origin.ts";
import { hurriedClock } from "#test/support/edge/fetched.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { seededRandom } from "#test/support/random.ts";

test("the bound of a wait doubles from a second to a quarter of an hour", () => {
  const bounds = Array.from({ length: 13 }, (_, failures) => backoffMs(failures, { number: () => 1 }));
  expect(bounds.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(Math.max(...bounds)).toBe(900_000);
  expect(backoffMs(5_000, { number: () => 1 })).toBe(900_000);
});

test("a thousand devices that fail together come back spread over the whole wait", () => {
  const random = seededRandom(5);
  const waits = Array.from({ length: 1_000 }, () => backoffMs(6, { number: () => random.between(0, 1) }));
  const tenths = Array.from({ length: 10 }, (_, tenth) =>
    waits.filter((ms) => Math.floor(ms / 6_400) === tenth),
  );
  for (const some of tenths) expect(some.length).toBeLessThan(200);
  expect(Math.min(...waits)).toBeLessThan(640);
});

test("a paced line carries its bytes a second, after a burst of one second", async () => {
  const clock = hurriedClock();
  const pace = createPace({ bytesPerSecond: 10_000, clock });
  const { signal } = new AbortController();
  for (let taken = 0; taken < 100; taken += 1) await pace.take(1_000, { signal });
  expect(clock.elapsed()).toBeGreaterThan(8_900);
  expect(clock.elapsed()).toBeLessThan(9_100);
});

test("what was not used for an hour does not come at once", async () => {
  const clock = createFakeClock();
  const pace = createPace({ bytesPerSecond: 1_000, clock });
  clock.advance(3_600_000);
  const { signal } = new AbortController();
  await pace.take(1_000, { signal });
  let isThrough = false;
  const taking = pace.take(1_000, { signal }).then(() => {
    isThrough = true;
  });
  clock.advance(999);
  await Promise.resolve();
  expect(isThrough).toBe(false);
  clock.advance(1);
  await taking;
});

test("a wait for the line's turn ends with its signal", async () => {
  const pace = createPace({ bytesPerSecond: 1, clock: createFakeClock() });
  const stop = new AbortController();
  const taking = pace.take(10, { signal: stop.signal });
  stop.abort(new Error("stop"));
  await expect(taking).rejects.toThrow("stop");
});

const bounds = { ms: 30_000, bytesPerSecond: 1_024 };

async function passed(clock: ReturnType<typeof createFakeClock>, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    clock.advance(1_000);
    await new Promise(setImmediate);
  }
}

test("a server that drips is given up after half a minute", async () => {
  const clock = createFakeClock();
  using watch = watchStall(clock, bounds);
  for (let second = 0; second < 40; second += 1) {
    watch.came(100);
    watch.waits();
    await passed(clock, 1);
  }
  expect(watch.signal.aborted).toBe(true);
});

test("a slow but steady server is waited for", async () => {
  const clock = createFakeClock();
  using watch = watchStall(clock, bounds);
  for (let second = 0; second < 120; second += 1) {
    watch.came(1_100);
    watch.waits();
    await passed(clock, 1);
  }
  expect(watch.signal.aborted).toBe(false);
});

test("time in which nobody reads is not the server's", async () => {
  const clock = createFakeClock();
  using watch = watchStall(clock, bounds);
  watch.came(1);
  await passed(clock, 300);
  expect(watch.signal.aborted).toBe(false);
  watch.waits();
  await passed(clock, 36);
  expect(watch.signal.aborted).toBe(true);
});

const head = (status: number, headers: Record<string, string> = {}) => ({
  status,
  header: (name: string) => headers[name],
});
const page = { "content-type": "text/html; charset=utf-8" };
const ours = { "tradewind-edge": "1" };

test.each([
  ["gateway", 200, page, true],
  ["gateway", 200, {}, true],
  ["gateway", 404, {}, true],
  ["gateway", 403, page, true],
  ["gateway", 511, ours, true],
  ["gateway", 200, { "tradewind-edge": "0" }, true],
  ["gateway", 200, ours, false],
  ["gateway", 404, ours, false],
  ["gateway", 502, page, false],
  ["gateway", 503, {}, false],
  ["mirror", 200, page, true],
  ["mirror", 206, page, true],
  ["mirror", 511, {}, true],
  ["mirror", 404, page, false],
  ["mirror", 200, { "content-type": "application/octet-stream" }, false],
] as const)("an answer for a %s with %i and %o is a portal's: %s", (kind, status, headers, isCaptive) => {
  expect(captivity(kind, head(status, headers)) !== undefined).toBe(isCaptive);
});

test("an answer without end is left as soon as it is too long", async () => {
  let [left, sent] = [0, 0];
  const leave = (): void => {
    left += 1;
  };
  const body = (async function* () {
    for (;;) {
      sent += 1;
      yield new Uint8Array(1_000);
    }
  })();
  const read = readBounded({ body, leave }, { maxBytes: 10_000 });
  await expect(read).rejects.toMatchObject({ code: "repository_refused" });
  expect([left, sent]).toEqual([1, 11]);
});

const at = (time: string): number => new Date(`2026-03-05T${time}`).getTime();

test.each([
  ["02:00:00", 3 * 3_600_000],
  ["04:59:30", 30_000],
  ["05:00:00", 0],
  ["23:00:00", 0],
])("a window from one to five in the night closes at %s in %i ms", (time, ms) => {
  expect(untilWindowCloses({ from: 60, to: 300 }, at(time))).toBe(ms);
});

test("without a window nothing closes, and one over midnight lasts over it", () => {
  expect(untilWindowCloses(undefined, at("02:00:00"))).toBeUndefined();
  expect(untilWindowCloses({ from: 1_380, to: 60 }, at("23:30:00"))).toBe(90 * 60_000);
});

test("with nobody to ask there is an error, and one who is asked is told of a stop", async () => {
  const options = { origins: [], clock: hurriedClock(), chance: { number: () => 0 } };
  const asked = async (): Promise<Leg<void>> => ({ kind: "onward" });
  const { signal } = new AbortController();
  await expect(askOrigins(asked, { ...options, signal })).rejects.toMatchObject({
    code: "repository_unreachable",
  });
  const origins = [createFakeOrigin(Buffer.alloc(1))];
  const stopped = askOrigins(asked, { ...options, origins, signal: AbortSignal.abort(new Error("stop")) });
  await expect(stopped).rejects.toThrow("stop");
});

test("a mirror that is down is asked twice and the gateway eight times", async () => {
  const [mirror, gateway] = [createFakeOrigin(Buffer.alloc(1)), createFakeOrigin(Buffer.alloc(1))];
  const asked: string[] = [];
  const error = new TradewindError("repository_unreachable", "down");
  const ask = async (origin: unknown): Promise<Leg<void>> => {
    asked.push(origin === mirror ? "mirror" : "gateway");
    return { kind: "broken", error, gained: false };
  };
  const { signal } = new AbortController();
  const options = { origins: [mirror, gateway], clock: hurriedClock(), chance: { number: () => 0 }, signal };
  await expect(askOrigins(ask, options)).rejects.toBe(error);
  expect(asked).toEqual([...Array(2).fill("mirror"), ...Array(8).fill("gateway")]);
});

test("a mirror that wants to be left alone for long is not waited for while there is a gateway", async () => {
  const clock = hurriedClock();
  const [mirror, gateway] = [createFakeOrigin(new Uint8Array(1)), createFakeOrigin(new Uint8Array(1))];
  const error = new TradewindError("repository_unreachable", "later", { retryAfterMs: 900_000 });
  const ask = async (origin: unknown): Promise<Leg<string>> =>
    origin === mirror ? { kind: "broken", error, gained: false } : { kind: "done", result: "here" };
  const { signal } = new AbortController();
  const asked = { origins: [mirror, gateway], clock, chance: { number: () => 0.5 }, signal };
  expect(await askOrigins(ask, asked)).toBe("here");
  expect(clock.elapsed()).toBeLessThan(10_000);
});
