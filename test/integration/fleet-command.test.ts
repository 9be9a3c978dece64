import { expect, test } from "vitest";
import { runTradewind } from "#test/support/run-tradewind.ts";

test.each([
  [["--every", "5"], /^tradewind fleet: --every: expected a duration up to 1h/],
  [["--appply"], /^tradewind fleet: unknown option '--appply': see tradewind --help/],
  [["now"], /^tradewind fleet: unexpected argument 'now'/],
])(
  "a fleet process that is started with %j says what is wrong with it, by exit code 2",
  async (args, why) => {
    const { code, stdout, stderr } = await runTradewind(["fleet", ...args]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(why);
  },
);

test("a fleet process that lacks its database has exit code 1, and one that is asked how it is used 0", async () => {
  const without = await runTradewind(["fleet", "--once"]);
  expect([without.code, without.stderr]).toEqual([1, expect.stringMatching(/DATABASE_URL is not set/)]);
  const help = await runTradewind(["fleet", "--help", "--odd"]);
  expect([help.code, help.stdout]).toEqual([0, expect.stringMatching(/^tradewind fleet \[--apply\]/)]);
});
