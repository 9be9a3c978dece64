import { expect, test } from "vitest";
import { config } from "#infra/command/config.ts";
import { keys } from "#infra/command/keys.ts";

test.each([
  ["a file too many to check", () => config(["check", "ok.yaml", "extra"])],
  ["a second key to revoke", () => keys(["revoke", "0123456789ab", "ba9876543210"])],
  ["a name whose quotes are missing", () => keys(["create", "my", "key", "--file"])],
])("%s is refused rather than left out", async (_, run) => {
  await expect(run()).rejects.toMatchObject({
    code: "request_malformed",
    message: expect.stringMatching(/^expected: tradewind (config|keys) /),
  });
});

test.each(["two\nlines", "a\u0007bell", "", "n".repeat(101)])(
  "the key name %j is refused by the rule of the key file",
  async (name) => {
    await expect(keys(["create", name, "--file"])).rejects.toMatchObject({
      code: "parameter_invalid",
      message: "expected a name of 1 to 100 characters without control characters",
    });
  },
);
