import { expect, test } from "vitest";
import { looksLikeNginx, readNginxRow } from "#gateway/replay/traces/nginx.ts";
import { readTrace } from "#gateway/replay/traces/read-trace.ts";

const at = Date.UTC(2026, 2, 4, 10, 15, 30);
const common = '203.0.113.9 - - [04/Mar/2026:10:15:30 +0000] "POST /v1/detect HTTP/1.1" 200 612';
const combined = `${common} "-" "python-requests/2.31.0"`;

test("a common or combined line tells the second and the status, and no size, for the bytes are the answer's", () => {
  for (const line of [common, combined]) {
    expect(readNginxRow(line, "posts")).toEqual({
      moment: { ms: at, extraMs: 0, coarse: true },
      beforeMs: undefined,
      bytes: undefined,
      observedMs: undefined,
      status: 200,
    });
  }
});

test.each([
  [
    "request length and time behind it",
    `${combined} 80321 0.137 [default-detect-80] [] 10.0.0.7:8000 612 0.136 200 abc`,
  ],
  ["a forwarded address and then both", `${combined} "198.51.100.7" 80321 0.137`],
  ["both by name", `${combined} rl=80321 rt=0.137 uct="0.001" urt="0.136"`],
  ["both by long names", `${combined} request_time=0.137 request_length=80321`],
  ["both by name in quotes", `${combined} rl="80321" rt="0.137"`],
])("a combined line with %s tells size and duration", (_, line) => {
  expect(readNginxRow(line, "posts")).toMatchObject({
    bytes: 80_321,
    observedMs: 137,
    beforeMs: 137,
    status: 200,
  });
});

test("a combined line with the duration alone tells no size", () => {
  expect(readNginxRow(`${combined} 0.137 0.136`, "posts")).toMatchObject({
    bytes: undefined,
    observedMs: 137,
  });
});

test("a line of JSON is read with nginx's own names, numbers in quotes or bare", () => {
  const strings = {
    msec: "1772619330.250",
    request_method: "POST",
    request_length: "80321",
    request_time: "0.137",
    status: "201",
  };
  const numbers = {
    ...strings,
    msec: 1772619330.25,
    request_length: 80321,
    request_time: 0.137,
    status: 201,
  };
  for (const entry of [strings, numbers]) {
    expect(readNginxRow(JSON.stringify(entry), "posts")).toEqual({
      moment: { ms: at + 250, extraMs: 0, coarse: false },
      beforeMs: 137,
      bytes: 80_321,
      observedMs: 137,
      status: 201,
    });
  }
});

test.each([
  { time_iso8601: "2026-03-04T11:15:30+01:00", request: "POST / HTTP/1.1" },
  { time_local: "04/Mar/2026:10:15:30 +0000", method: "POST" },
  { time_iso8601: "2026-03-04T10:15:30+00:00" },
])("a line of JSON tells its time as %j", (entry) => {
  expect(looksLikeNginx(JSON.stringify(entry))).toBe(true);
  expect(readNginxRow(JSON.stringify(entry), "posts")).toMatchObject({ moment: { ms: at, coarse: true } });
});

test("requests of other methods are passed unless all are wanted", () => {
  const gets = [
    combined.replace("POST", "GET"),
    combined.replace("POST /v1/detect HTTP/1.1", "\\x16\\x03\\x01"),
  ];
  gets.push('{"msec":"1772619330.250","request":"GET / HTTP/1.1"}');
  expect(gets.map((line) => readNginxRow(line, "posts"))).toEqual(["passed", "passed", "passed"]);
  expect(
    gets.map((line) => readNginxRow(line, "all")).every((row) => typeof row === "object" && "moment" in row),
  ).toBe(true);
});

test("requests of one second are laid evenly over it, each in its own share, in the order of the log", async () => {
  const lines = [...Array.from({ length: 50 }, () => combined), combined.replace(":30 ", ":31 ")];
  const { arrivals, startedAt } = await readTrace(lines, { seed: 5 });
  const first = (startedAt ?? 0) - at;
  for (let index = 0; index < 50; index++) {
    const inSecond = first + (arrivals.atMs[index] ?? 0);
    expect(inSecond).toBeGreaterThanOrEqual(index * 20);
    expect(inSecond).toBeLessThan(index * 20 + 20);
  }
  expect(first + (arrivals.atMs[50] ?? 0)).toBeGreaterThanOrEqual(1_000);
});

test("where in its second a request is laid is decided by the seed", async () => {
  const lines = Array.from({ length: 10 }, () => combined);
  const [one, same, other] = await Promise.all([1, 1, 2].map((seed) => readTrace(lines, { seed })));
  expect(same?.arrivals).toEqual(one?.arrivals);
  expect(other?.arrivals.atMs).not.toEqual(one?.arrivals.atMs);
});

test("a request that took long came before those that were logged before it, and all columns follow", async () => {
  const entry = (msec: number, request_time: number) =>
    JSON.stringify({ msec, request_time, request_length: msec, status: 200 + request_time });
  const trace = await readTrace([entry(1_000, 0), entry(1_001, 0), entry(1_002, 5)]);
  expect(trace.format).toBe("nginx");
  expect([...trace.arrivals.atMs]).toEqual([0, 3_000, 4_000]);
  expect([...trace.arrivals.bytes]).toEqual([1_002, 1_000, 1_001]);
  expect([...(trace.observedMs ?? [])]).toEqual([5_000, 0, 0]);
  expect([...(trace.statuses ?? [])]).toEqual([205, 200, 200]);
  expect(trace.startedAt).toBe(997_000);
});

test.each([
  ["has no time in brackets before a request", "hello"],
  ["has no time in brackets before a request", common.replace("04/Mar", "34/Mar")],
  ["has no time in brackets before a request", common.replace("[", "(")],
  ["is no JSON object", "{"],
  ["is no JSON object", "{]"],
  ['has no "msec", "time_iso8601" or "time_local"', "{}"],
  ['has no "msec", "time_iso8601" or "time_local"', '{"msec":-1}'],
  ['has no "msec", "time_iso8601" or "time_local"', '{"msec":1e300}'],
  ['has no "msec", "time_iso8601" or "time_local"', '{"time_iso8601":"yesterday"}'],
])("a line of nginx is wrong that %s: %s", (why, line) => {
  expect(readNginxRow(line, "all")).toEqual({ wrong: why });
});

test("sizes, durations and statuses that cannot be are not taken", () => {
  const entry = { msec: 1, request_length: -5, request_time: "-", status: 9_999 };
  expect(readNginxRow(JSON.stringify(entry), "posts")).toMatchObject({
    bytes: undefined,
    observedMs: undefined,
    status: undefined,
  });
  expect(readNginxRow(`${combined} 99999999999 0.100`, "posts")).toMatchObject({ bytes: undefined });
});
