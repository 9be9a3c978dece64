import { expect, test } from "vitest";
import { countAgreement, countOutcome, noFacts } from "#gateway/agreement/trial-facts.ts";
import { trialRow, trialTable } from "#gateway/agreement/trial-status.ts";

test("a trial is told in a table, with a dash for what was not measured", () => {
  const facts = noFacts();
  for (let count = 0; count < 3; count += 1) countOutcome(facts, { ms: 120, usd: 2e-6 });
  countOutcome(facts, { ms: 4, usd: 2e-6, failed: true });
  countOutcome(facts, { ms: 4, usd: 2e-6 });
  countAgreement(facts, 0.9876);
  const rows = [trialRow("candidate", facts), trialRow("old", noFacts())];
  expect(rows[0]).toMatchObject({
    samples: 5,
    errors: 0.2,
    agreement: 0.9876,
    usdPerMillion: expect.closeTo(2, 9),
  });
  expect(rows[1]).toEqual({
    backend: "old",
    agreement: undefined,
    p50Ms: undefined,
    p99Ms: undefined,
    usdPerMillion: undefined,
    errors: undefined,
    samples: 0,
  });
  const [title, candidate, old] = trialTable(rows).split("\n");
  expect(title?.split(/\s{2,}/)).toEqual([
    "backend",
    "agreement",
    "p50",
    "p99",
    "$ per 1M",
    "errors",
    "samples",
  ]);
  expect(candidate?.split(/\s{2,}/)).toMatchObject(
    ["candidate", "0.988", /ms/, /ms/, "2.00", "20.00 %", "5"].map((cell) =>
      typeof cell === "string" ? cell : expect.stringMatching(cell),
    ),
  );
  expect(old?.split(/\s{2,}/)).toEqual(["old", "-", "-", "-", "-", "-", "0"]);
  expect(candidate?.length).toBe(title?.length);
});
