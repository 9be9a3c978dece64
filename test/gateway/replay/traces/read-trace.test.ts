import { expect, test } from "vitest";
import { readTrace } from "#gateway/replay/traces/read-trace.ts";
import { mostLine } from "#gateway/replay/traces/tally.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { seededRandom } from "#test/support/random.ts";

const entry = (at: number) => JSON.stringify({ at, bytes: 1_000 });

test("wrong lines are counted and the first of them named, and the rest is read", async () => {
  const lines = [entry(1), "rubbish", entry(2), "", ...Array.from({ length: 100 }, () => "\u0000{[")];
  const { arrivals, lines: tally } = await readTrace(lines);
  expect(arrivals.count).toBe(2);
  expect(tally).toMatchObject({ read: 104, passed: 1, wrong: 101 });
  expect(tally.firstWrong.map(({ line }) => line)).toEqual([2, 5, 6, 7, 8]);
});

test("the format is that of most of the first lines, wrong lines before them or not", async () => {
  const { format, arrivals } = await readTrace([
    "# a note",
    "2023-11-16 18:17:03.9799600,4808,10",
    entry(1),
    entry(2),
  ]);
  expect({ format, count: arrivals.count }).toEqual({ format: "ledger", count: 2 });
});

test("lines beyond those that are looked at are read once and in their order", async () => {
  const { arrivals, lines } = await readTrace(Array.from({ length: 1_000 }, (_, index) => entry(index)));
  expect([...arrivals.atMs]).toEqual([...Array(1_000).keys()]);
  expect(lines.read).toBe(1_000);
});

test("a format that was named is taken at its word", async () => {
  const heads = Array.from({ length: 30 }, () => "not yet");
  await expect(readTrace([...heads, entry(1)])).rejects.toThrow("in no format that is known");
  expect((await readTrace([...heads, entry(1)], { format: "ledger" })).arrivals.count).toBe(1);
  await expect(readTrace([entry(1)], { format: "alb" })).rejects.toThrow(
    /line 1 is no line of a load balancer/,
  );
});

test("an empty trace is in no known format", async () => {
  await expect(readTrace([])).rejects.toMatchObject({
    code: "config_invalid",
    hint: expect.stringContaining("azure-llm, servegen, ledger, alb, nginx"),
  });
});

test("an access log without a POST says what to do about it", async () => {
  const get = '::1 - - [04/Mar/2026:10:15:30 +0000] "GET / HTTP/1.1" 200 612';
  await expect(readTrace([get, get])).rejects.toMatchObject({
    message: expect.stringContaining("2 lines, 0 of them wrong, 2 without a request that is wanted"),
    hint: expect.stringContaining("all requests are wanted"),
  });
});

test("a line that is too long is wrong, whatever it holds", async () => {
  const long = `${entry(2).slice(0, -1)},"x":"${"x".repeat(mostLine)}"}`;
  const { arrivals, lines } = await readTrace([long, entry(1)]);
  expect(arrivals.count).toBe(1);
  expect(lines.firstWrong).toEqual([{ line: 1, why: "is longer than 65536 bytes" }]);
});

test("one line with a wrong year does not make a replay of decades", async () => {
  const day = 86_400_000;
  const { spanMs, lines } = await readTrace([entry(1_000 * day), entry(1), entry(1_001 * day)]);
  expect(spanMs).toBe(day);
  expect(lines.firstWrong).toEqual([{ line: 2, why: "lies more than 31 days from the first request" }]);
});

test("one line with a wrong duration does not make a replay of decades either", async () => {
  const slow = JSON.stringify({ msec: 2, request_time: 1e12 });
  const { spanMs, lines } = await readTrace([JSON.stringify({ msec: 1 }), slow]);
  expect({ spanMs, wrong: lines.wrong }).toEqual({ spanMs: 0, wrong: 1 });
});

test("whatever stands in a trace, reading it ends with a trace or a refusal that can be read", async () => {
  const random = seededRandom(5);
  const pieces = [
    '"',
    "[",
    "]",
    "{",
    "}",
    ",",
    " ",
    "\\",
    "1",
    "2026-03-04T10:15:30Z",
    "https",
    "POST ",
    "at",
    ":",
    "\u{1f600}",
    "NaN",
    "-1",
  ];
  const line = () =>
    Array.from({ length: random.integer(0, 30) }, () => pieces[random.integer(0, 16)]).join("");
  for (const format of ["azure-llm", "servegen", "nginx", "alb", "ledger"] as const) {
    const lines = Array.from({ length: 2_000 }, line);
    const ended = await readTrace(lines, { format, wanted: "all" }).catch((error: unknown) => error);
    const lists = ended instanceof TradewindError ? ended.code : "read";
    expect(["config_invalid", "read"]).toContain(lists);
  }
});
