import { expect, test } from "vitest";
import { type Chance, systemChance } from "#infra/runtime/chance.ts";
import {
  continueTraceContext,
  createTraceIds,
  formatTraceparent,
  readTraceparent,
} from "#infra/runtime/trace-context.ts";
import { seededRandom } from "#test/support/random.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";
const good = `00-${traceId}-${spanId}-01`;

const seeded = (seed: number): Chance => {
  const random = seededRandom(seed);
  return {
    number: () => random.between(0, 1),
    bytes: (count) => Uint8Array.from({ length: count }, () => random.integer(0, 255)),
  };
};
const zeros: Chance = { number: () => 0, bytes: (count) => new Uint8Array(count) };

test("a whole traceparent is read", () => {
  expect(readTraceparent(good)).toEqual({ traceId, spanId, sampled: true, random: false });
  expect(readTraceparent(`00-${traceId}-${spanId}-00`)).toMatchObject({ sampled: false, random: false });
  expect(readTraceparent(`00-${traceId}-${spanId}-02`)).toMatchObject({ sampled: false, random: true });
});

test("flags that nobody knows yet are ignored", () => {
  expect(readTraceparent(`00-${traceId}-${spanId}-ff`)).toMatchObject({ sampled: true, random: true });
  expect(readTraceparent(`00-${traceId}-${spanId}-fc`)).toMatchObject({ sampled: false, random: false });
});

test.each([
  `cc-${traceId}-${spanId}-01`,
  `01-${traceId}-${spanId}-01-what-the-future-brings`,
  `fe-${good.slice(3)}`,
])("of a later version the known part is read: %s", (header) => {
  expect(readTraceparent(header)).toMatchObject({ traceId, spanId, sampled: true });
});

test.each([
  ["nothing", undefined],
  ["an empty header", ""],
  ["a word", "hello"],
  ["version ff", `ff-${traceId}-${spanId}-01`],
  ["no version", `${traceId}-${spanId}-01`],
  ["a version of one digit", `0-${traceId}-${spanId}-01`],
  ["a version that is no number", `0g-${traceId}-${spanId}-01`],
  ["more after version 00", `${good}-more`],
  ["a dash after version 00", `${good}-`],
  ["more without a dash in a later version", `01-${traceId}-${spanId}-01.more`],
  ["a trace of zeros", `00-${"0".repeat(32)}-${spanId}-01`],
  ["a span of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
  ["a short trace", `00-${traceId.slice(1)}-${spanId}-01`],
  ["a long trace", `00-${traceId}a-${spanId}-01`],
  ["a short span", `00-${traceId}-${spanId.slice(1)}-01`],
  ["a long span", `00-${traceId}-${spanId}a-01`],
  ["capitals", `00-${traceId.toUpperCase()}-${spanId}-01`],
  ["letters beyond f", `00-${"g".repeat(32)}-${spanId}-01`],
  ["flags of one digit", `00-${traceId}-${spanId}-1`],
  ["flags of three digits", `00-${traceId}-${spanId}-001`],
  ["no flags", `00-${traceId}-${spanId}`],
  ["another separator", good.replaceAll("-", "_")],
  ["a space before it", ` ${good}`],
  ["two of them", `${good}, ${good}`],
  ["two of a later version", `01-${good.slice(3)}, 01-${good.slice(3)}`],
  ["digits of another script", `00-${"٣".repeat(32)}-${spanId}-01`],
  ["a header without end", `01-${good.slice(3)}-${"a".repeat(100_000)}`],
])("a traceparent with %s is none", (_what, header) => {
  expect(readTraceparent(header)).toBeUndefined();
});

test("a caller's trace goes on with a span of our own below the caller's", () => {
  const ids = createTraceIds(seeded(1));
  const trace = continueTraceContext({ traceparent: good, tracestate: "a=1" }, ids);
  expect(trace).toMatchObject({ traceId, parentSpanId: spanId, sampled: true, tracestate: "a=1" });
  expect(trace.spanId).toMatch(/^[\da-f]{16}$/);
  expect(trace.spanId).not.toBe(spanId);
  expect(formatTraceparent(trace)).toBe(`00-${traceId}-${trace.spanId}-01`);
});

test.each([undefined, "broken", `ff-${traceId}-${spanId}-01`])(
  "with a traceparent of %s a trace begins, and what others said of theirs is dropped",
  (traceparent) => {
    const trace = continueTraceContext({ traceparent, tracestate: "a=1" }, createTraceIds(seeded(2)));
    expect(trace).toMatchObject({ parentSpanId: undefined, sampled: false, random: true });
    expect(trace.tracestate).toBeUndefined();
    expect(trace.traceId).not.toBe(traceId);
    expect(readTraceparent(formatTraceparent(trace))).toMatchObject({ traceId: trace.traceId });
  },
);

test("a later version goes on in ours, with the flags that ours knows", () => {
  const traceparent = `42-${traceId}-${spanId}-ff-more`;
  const trace = continueTraceContext({ traceparent, tracestate: undefined }, createTraceIds(seeded(3)));
  expect(formatTraceparent(trace)).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-03$`));
});

test("ten thousand ids are whole and all different, though chance is drawn in bulk", () => {
  let draws = 0;
  const bytes = (count: number): Uint8Array => {
    draws += 1;
    return systemChance.bytes(count);
  };
  const chance: Chance = { ...systemChance, bytes };
  const ids = createTraceIds(chance);
  const made = Array.from({ length: 10_000 }, (_, index) => ids(index % 2 === 0 ? 16 : 32));
  expect(new Set(made).size).toBe(10_000);
  expect(made.every((id, index) => id.length === (index % 2 === 0 ? 16 : 32))).toBe(true);
  expect(draws).toBeLessThan(200);
});

test("chance that yields zeros still makes ids that are valid", () => {
  const ids = createTraceIds(zeros);
  const trace = continueTraceContext({ traceparent: undefined, tracestate: undefined }, ids);
  expect(readTraceparent(formatTraceparent(trace))).toBeDefined();
});

test("no mangled traceparent throws, and what is taken for one is one", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 2000; round += 1) {
    const letters = [...good];
    for (let change = random.integer(1, 3); change > 0; change -= 1) {
      letters[random.integer(0, letters.length)] = String.fromCodePoint(random.integer(0, 300));
    }
    const read = readTraceparent(letters.join(""));
    if (read) expect(`${read.traceId}${read.spanId}`).toMatch(/^[\da-f]{48}$/);
  }
});
