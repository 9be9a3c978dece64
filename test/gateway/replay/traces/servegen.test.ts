import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { meanRps } from "#gateway/replay/traces/arrivals.ts";
import { readTrace } from "#gateway/replay/traces/read-trace.ts";
import { serveGenFile, serveGenTrace } from "./shipped-traces.ts";

const heading = "client,window_start_s,rate_rps,cv,pattern,p1,p2";
const lines = readFileSync(serveGenFile, "utf8").trim().split("\n");
const rows = lines.slice(1).map((line) => line.split(","));

test("the shipped ServeGen day has the rate of its columns", async () => {
  const { format, arrivals, spanMs, lines: tally } = await serveGenTrace();
  const expected = rows.reduce((sum, [, , rate]) => sum + Number(rate) * 600, 0);
  expect({ format, spanMs, tally }).toEqual({
    format: "servegen",
    spanMs: 86_400_000,
    tally: { read: 5_041, passed: 1, wrong: 0, firstWrong: [] },
  });
  expect(Math.abs(arrivals.count / expected - 1)).toBeLessThan(0.02);
  expect(arrivals.atMs.every((ms, index) => ms >= (arrivals.atMs[index - 1] ?? 0))).toBe(true);
  expect(arrivals.atMs.at(-1)).toBeLessThan(86_400_000);
});

test("p1 is the shape and p2 the scale: together they give the cv, and mostly the rate", () => {
  const gammas = rows.filter(([, , , , pattern]) => pattern === "Gamma").map((row) => row.map(Number));
  const off = gammas.map(([, , , cv = 0, , p1 = 0]) => Math.abs(1 / Math.sqrt(p1) / cv - 1));
  expect(Math.max(...off)).toBeLessThan(1e-6);
  const products = gammas.map(([, , rate = 0, , , p1 = 0, p2 = 0]) => rate * p1 * p2).sort((a, b) => a - b);
  expect(products[Math.floor(products.length / 2)]).toBeCloseTo(1, 1);
});

/** Every hundredth of the windows with that pattern. */
const windowsWith = (pattern: string) =>
  lines.filter((line) => line.includes(`,${pattern},`)).filter((_, index) => index % 100 === 0);

test("a window of any client has the rate of its column, and the cv too where a Gamma was fitted", async () => {
  for (const line of [...windowsWith("Gamma"), ...windowsWith("Weibull")]) {
    const [, , , cv = "", pattern] = line.split(",");
    const { arrivals, spanMs } = await readTrace([heading, line], { rps: 50 });
    const noise = (4 * Math.max(1, Number(cv))) / Math.sqrt(30_000);
    expect(Math.abs(arrivals.count / 30_000 - 1)).toBeLessThan(noise);
    expect(spanMs).toBe(600_000);
    if (pattern === "Gamma") expect(Math.abs(cvOf(arrivals.atMs) / Number(cv) - 1)).toBeLessThan(noise);
  }
});

/** The deviation of the gaps over their mean. */
function cvOf(atMs: Float64Array): number {
  const gaps = atMs.subarray(1).map((ms, index) => ms - (atMs[index] ?? 0));
  const mean = gaps.reduce((sum, ms) => sum + ms, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, ms) => sum + (ms - mean) ** 2, 0) / gaps.length) / mean;
}

test("a seed decides the drawn day, and another draws another", async () => {
  const part = { startS: 3_600, durationS: 600 };
  const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => serveGenTrace({ ...part, seed })));
  expect(same?.arrivals).toEqual(one?.arrivals);
  expect(other?.arrivals.atMs).not.toEqual(one?.arrivals.atMs);
});

test("a part of the drawn day is what the whole day shows there", async () => {
  const day = await serveGenTrace({ durationS: 7_200 });
  const part = await serveGenTrace({ startS: 1_000, durationS: 2_000 });
  const there = day.arrivals.atMs.filter((ms) => ms >= 1e6 && ms < 3e6);
  expect(part.spanMs).toBe(2_000_000);
  expect(part.arrivals.count).toBe(there.length);
  expect(part.arrivals.atMs.every((ms, index) => Math.abs(ms + 1e6 - (there[index] ?? 0)) < 1e-6)).toBe(true);
});

test("the order of a fitted day's lines does not change what is drawn", async () => {
  const some = lines.slice(1, 400);
  const [one, turned] = [
    await readTrace([heading, ...some]),
    await readTrace([heading, ...some.toReversed()]),
  ];
  expect(turned.arrivals).toEqual(one.arrivals);
});

test.each([50, 200])("a part of the drawn day at %d requests a second has them", async (rps) => {
  const { arrivals, spanMs } = await serveGenTrace({ startS: 36_000, durationS: 1_200, rps });
  expect(Math.abs(meanRps(arrivals, spanMs) / rps - 1)).toBeLessThan(0.03);
});

test("drawn sizes of the drawn day are decided by the seed too", async () => {
  const options = { durationS: 600, sizes: { spread: 0.4 } };
  const [one, same] = [await serveGenTrace(options), await serveGenTrace(options)];
  expect(same.arrivals.bytes).toEqual(one.arrivals.bytes);
  expect(new Set(one.arrivals.bytes).size).toBeGreaterThan(1_000);
});

test.each([
  [{ startS: -1 }, /starts at 0 or later/],
  [{ durationS: 0 }, /starts at 0 or later/],
  [{ rps: Number.NaN }, /starts at 0 or later/],
  [{ startS: 90_000 }, /nothing was recorded from second 90000 on/],
  [{ rps: 1e9 }, /too many for one replay/],
])("a part of the drawn day with %j is refused", async (options, message) => {
  await expect(serveGenTrace(options)).rejects.toThrow(message);
});

test.each([
  "0,0,1,1,Gamma,1",
  "0,0,-1,1,Gamma,1,1",
  "0,0,NaN,1,Gamma,1,1",
  "0,0,1e9,1,Gamma,1,1",
  "0,99999999,1,1,Gamma,1,1",
  "0,0,1,1,=cmd(),1,1",
  `${"x".repeat(200)},0,1,1,Gamma,1,1`,
])("a window like %j is wrong, and the others are drawn", async (line) => {
  const { arrivals, lines: tally } = await readTrace([heading, line, "0,0,1,1,Gamma,1,1"]);
  expect(arrivals.count).toBeGreaterThan(400);
  expect(tally).toMatchObject({ wrong: 1, firstWrong: [{ line: 2 }] });
});

test("a day on which nobody sends is refused, at any rate", async () => {
  await expect(readTrace([heading, "0,0,0,0,,0,0"], { rps: 50 })).rejects.toThrow(/no request is left/);
});
