import { expect, test } from "vitest";
import { HourRows } from "#gateway/ledger/hour-rows.ts";
import { createLedgerInMemory } from "#gateway/ledger/ledger-in-memory.ts";
import { recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { readAsk, showLines } from "#infra/command/ledger.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

const now = Date.UTC(2026, 0, 2);

test("the ledger command shows backends of the last day unless it is told otherwise", () => {
  const usual = { to: now, most: 1_000 };
  expect(readAsk([], now)).toEqual({ ...usual, from: now - 86_400_000, by: "backend", tenant: undefined });
  expect(readAsk(["--by", "hour", "--since", "2h", "--tenant", "acme"], now)).toEqual({
    ...{ ...usual, from: now - 7_200_000, by: "hour", tenant: "acme" },
  });
});

test.each([
  [["--by", "key"], "--by: expected hour, model, backend, tenant"],
  [["--by", "constructor"], "--by: expected"],
  [["--since", "soon"], "--since: expected a duration"],
  [["--since", "500d"], "--since: expected a duration"],
  [["--loud"], "unknown option"],
  [["surprise"], "unexpected argument"],
])("the ledger command refuses %j", (args, message) => {
  expect(() => readAsk(args, now)).toThrow(message);
});

test("the ledger is shown as a table, with nothing in it where nothing was asked", async () => {
  const signal = new AbortController().signal;
  const store = createLedgerInMemory();
  const rows = new HourRows();
  const pool = poolOf([laneOf("b", { usd: 1e-6 }), laneOf("c", { usd: 3e-6 })]);
  const { course, seen } = pursue(pool, () => ({ ms: 10 }), { at: now - 1 });
  rows.add(recordPursuit(course, factsOf({ seen })));
  await store.write({ id: "1", rows: rows.take(9), decisions: [] }, { signal });
  const [head = "", line = ""] = showLines("backend", await store.lines(readAsk([], now), { signal })).split(
    "\n",
  );
  expect(head).toMatch(/^backend +requests +missed +failed +hedges +retries +p50 +p99 +\$ +\$ per 1M/);
  expect(line).toMatch(
    /^b +1 +0 +0 +0 +0 +\d+\.\d ms +\d+\.\d ms +0\.0000 +\$1\.00 +\$3\.00 +\$3\.00 +0\.0000 +-$/,
  );
  expect(line.length).toBe(head.length);
  expect(showLines("hour", [])).toMatch(/^hour +requests/);
});
