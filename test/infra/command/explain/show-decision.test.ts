import { expect, test } from "vitest";
import { decisionOf, recordPursuit } from "#gateway/ledger/record-pursuit.ts";
import { showDecision } from "#infra/command/explain/show-decision.ts";
import { factsOf, laneOf, poolOf, pursue } from "#test/support/courses.ts";

function decision() {
  const pool = poolOf([
    laneOf("ours-ecs"),
    laneOf("burst-run", { usd: 3.12e-5, ms: 33 }),
    laneOf("cpu-azure", {}, { group: 1 }),
  ]);
  const script = ({ kind }: { readonly kind: string }) => ({ ms: kind === "first" ? 240 : 15 });
  const { course, seen } = pursue(pool, script, { bytes: 48_200 });
  return decisionOf(recordPursuit(course, factsOf({ seen })));
}

test("a decision is shown as two tables and a sentence", () => {
  const text = showDecision(decision());
  const lines = text.split("\n");
  expect(lines[0]).toBe("request R1, image 0: digits-s for acme, at 2023-11-14T22:13:20.000Z");
  expect(lines[1]).toBe("48200 bytes to be answered within 250 ms; objective balanced");
  expect(lines[3]).toMatch(/^candidate +predicted +\$ per 1M +late +all in all {2}verdict$/);
  expect(lines[4]).toMatch(/^ours-ecs +20\.0 ms +\$0\.00 +\S+ % +\$\S+ {2}chosen$/);
  expect(lines[5]).toMatch(/^burst-run +33\.0 ms +\$31\.20 +- +- {2}dearer than the best could be$/);
  expect(lines[6]).toMatch(/^cpu-azure +- +- +- +- {2}in a later group$/);
  expect(text).toMatch(/^first +ours-ecs +0\.0 ms .* given up, nobody waited any more$/m);
  expect(text).toMatch(/^hedge +burst-run .* answered$/m);
  expect(lines.at(-1)).toMatch(/^ours-ecs was asked first \(cheapest in time\): .* burst-run answered after/);
});

test("columns of a shown decision stand under their heads", () => {
  const [head = "", ...rows] = showDecision(decision()).split("\n").slice(3, 7);
  const place = head.indexOf("verdict");
  for (const row of rows) expect(row.slice(place - 2, place)).toBe("  ");
  for (const row of rows) expect(row[place]).not.toBe(" ");
});

test("how many more candidates there were is said, and what else the request had than its route", () => {
  const shown = showDecision({ ...decision(), more: 84, deadlineMs: 100, version: "v3" });
  expect(shown).toContain("and 84 more");
  expect(shown).toContain("digits-s (v3)");
  expect(shown).toContain("within 100 ms, where the route promises 250 ms;");
});

test("a name that would move the cursor is shown harmless", () => {
  const evil = "\u001b[2J\r\nfaked\u202e";
  const [first, ...rest] = decision().candidates;
  const candidates = first ? [{ ...first, backend: evil }, ...rest] : rest;
  const shown = showDecision({ ...decision(), version: evil, candidates });
  expect(shown.replaceAll("\n", "")).not.toMatch(/\p{C}/u);
  expect(shown).not.toMatch(/^faked/m);
});
