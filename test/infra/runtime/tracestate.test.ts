import { expect, test } from "vitest";
import { readTracestate } from "#infra/runtime/tracestate.ts";

const many = (count: number, value = "v"): string =>
  Array.from({ length: count }, (_, index) => `k${index}=${value}`).join(",");

test.each([
  ["congo=t61rcWkgMzE", "congo=t61rcWkgMzE"],
  ["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
  [" a=1 ,\tb=2\t", "a=1,b=2"],
  ["a=1,,b=2,", "a=1,b=2"],
  ["fw529a3039@dt=FfD=", undefined],
  ["fw529a3039@dt=FfD,0k_-*/@x=with space!", "fw529a3039@dt=FfD,0k_-*/@x=with space!"],
  ["a= leading", "a= leading"],
])("the tracestate %j is passed on as %j", (header, passedOn) => {
  expect(readTracestate(header)).toBe(passedOn);
});

test.each([
  ["nothing", undefined],
  ["an empty header", ""],
  ["commas only", ", ,,"],
  ["a member without a value", "a=1,b"],
  ["an empty value", "a="],
  ["an empty key", "=1"],
  ["a key with capitals", "Abc=1"],
  ["a key that begins with a sign", "_a=1"],
  ["a key with a space", "a b=1"],
  ["a key that is too long", `${"a".repeat(257)}=1`],
  ["a value that is too long", `a=${"b".repeat(257)}`],
  ["a value with an equals sign", "a=1=2"],
  ["letters beyond ASCII", "a=é"],
  ["a control character", "a=\u0001"],
  ["a line end", "a=1\nb=2"],
  ["one key twice", "a=1,b=2,a=3"],
  ["thirty-three members", many(33)],
  ["a hundred thousand members", many(100_000)],
  ["a hundred thousand commas", ",".repeat(100_000)],
])("a tracestate of %s is dropped whole", (_what, header) => {
  expect(readTracestate(header)).toBeUndefined();
});

test("thirty-two members pass", () => {
  expect(readTracestate(many(32))).toBe(many(32));
});

test("an overlong tracestate loses its long members first", () => {
  const [long, short] = [`long=${"x".repeat(200)}`, many(10, "y".repeat(30))];
  const header = `${long},${short},l2=${"z".repeat(200)}`;
  expect(readTracestate(header)).toBe(short);
});

test("an overlong tracestate of short members loses the last ones", () => {
  const passedOn = readTracestate(many(20, "y".repeat(60)));
  expect(passedOn?.length).toBeLessThanOrEqual(512);
  expect(many(20, "y".repeat(60)).startsWith(`${passedOn},`)).toBe(true);
});

test("a tracestate of which nothing fits is dropped", () => {
  const header = ["a", "b", "c"].map((key) => `${key}=${"x".repeat(250)}`).join(",");
  expect(readTracestate(header)).toBeUndefined();
});
