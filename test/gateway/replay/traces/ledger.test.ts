import { expect, test } from "vitest";
import { modelAt } from "#gateway/replay/traces/arrivals.ts";
import { readLedgerRow } from "#gateway/replay/traces/ledger.ts";
import { readTrace } from "#gateway/replay/traces/read-trace.ts";

test("the gateway's own ledger is read with sizes, models and times", async () => {
  const lines = [
    {
      at: 1_772_619_330_250,
      bytes: 41_000,
      model: "digits-s",
      ms: 31.5,
      status: 200,
      backend: "ours",
      usd: 0.1,
    },
    { at: 1_772_619_330_000, bytes: 52_000, model: "digits-n", ms: 12 },
    { at: 1_772_619_331_000 },
  ].map((entry) => JSON.stringify(entry));
  const trace = await readTrace(lines);
  expect(trace).toMatchObject({ format: "ledger", spanMs: 1_000, startedAt: 1_772_619_330_000, sized: 2 });
  expect([...trace.arrivals.atMs]).toEqual([0, 250, 1_000]);
  expect([...trace.arrivals.bytes]).toEqual([52_000, 41_000, 60_000]);
  expect([0, 1, 2].map((index) => modelAt(trace.arrivals, index))).toEqual([
    "digits-n",
    "digits-s",
    undefined,
  ]);
  expect([...(trace.observedMs ?? [])]).toEqual([12, 31.5, Number.NaN]);
  expect([...(trace.statuses ?? [])]).toEqual([0, 200, 0]);
});

test.each([
  ["is no JSON object", "[1]"],
  ["is no JSON object", "null"],
  ["is no JSON object", '{"at":1'],
  ["is no JSON object", "[".repeat(60_000)],
  ['has no "at" in milliseconds since 1970', "{}"],
  ['has no "at" in milliseconds since 1970', '{"at":-1}'],
  ['has no "at" in milliseconds since 1970', '{"at":1e300}'],
  ['has no "at" in milliseconds since 1970', '{"at":{}}'],
])("a line of the ledger is wrong that %s (%#)", (why, line) => {
  expect(readLedgerRow(line)).toEqual({ wrong: why });
});

test("members of the ledger with wrong kinds count as not told", () => {
  const entry = { at: 1, bytes: "x", model: 7, ms: null, status: true };
  expect(readLedgerRow(JSON.stringify(entry))).toEqual({
    moment: { ms: 1, extraMs: 0, coarse: false },
    bytes: undefined,
    model: undefined,
    observedMs: undefined,
    status: undefined,
  });
});
