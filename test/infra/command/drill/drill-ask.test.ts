import { expect, test } from "vitest";
import { readDrillAsk } from "#infra/command/drill/drill-ask.ts";

test("a drill lasts five minutes and may miss one in a thousand, unless something else is asked", () => {
  expect(readDrillAsk(["--lose", "aws"])).toEqual({
    ...{ provider: "aws", forMs: 300_000, beforeMs: 30_000, mostMissed: 0.001 },
    ...{ isDry: false, isJson: false },
  });
  const asked = readDrillAsk(["--lose", "aws", "--for", "2m", "--max-miss", "1%", "--dry-run", "--json"]);
  expect(asked).toMatchObject({ forMs: 120_000, mostMissed: 0.01, isDry: true, isJson: true });
});

test.each([
  [[], "--lose PROVIDER"],
  [["--lose", "aws", "--for", "2h"], "--for: expected a duration"],
  [["--lose", "aws", "--max-miss", "5"], "--max-miss: expected a share"],
  [["--lose", "aws", "--fast"], "--fast"],
])("a drill that is asked for as %j is refused", (args, words) => {
  expect(() => readDrillAsk(args)).toThrow(words);
});
