import { expect, test } from "vitest";
import { readInitAsk } from "#infra/command/init/init-ask.ts";

test("init looks where its flags say, or where the clouds' own variables do", () => {
  const env = { AWS_REGION: "eu-west-1", GOOGLE_CLOUD_PROJECT: "acme", AZURE_SUBSCRIPTION_ID: "s" };
  expect(readInitAsk([], env)).toMatchObject({
    ...{
      regions: ["eu-west-1"],
      projects: ["acme"],
      subscriptions: ["s"],
      api: {},
      isTried: true,
      isDry: false,
      isJson: false,
    },
  });
  const flags = ["--aws-region", "us-east-1,us-east-2", "--aws-region", "us-east-1"];
  const asked = readInitAsk(
    [...flags, "--api", "ecs=http://127.0.0.1:4566", "--no-try", "--dry-run", "--json"],
    env,
  );
  expect(asked).toMatchObject({
    ...{
      regions: ["us-east-1", "us-east-2"],
      api: { ecs: "http://127.0.0.1:4566" },
      isTried: false,
      isDry: true,
      isJson: true,
    },
  });
});

test.each([
  [[], /init knows of no cloud to look at/],
  [["--aws-region", " , "], /init knows of no cloud to look at/],
  [["--aws-region", "a", "--api", "ecs"], /--api: expected KIND=https/],
  [["--aws-region", "a", "--api", "ecs=http://api.example"], /--api: expected KIND=https/],
  [["--aws-region", "a", "--api", "ecs=http://127.0.0.1.evil.example"], /--api: expected KIND=https/],
  [["--aws-region", "a", "--api", "toString=https://a"], /--api: expected KIND=https/],
  [["--aws-region", "a", "--odd"], /unknown option/i],
])("init with %j is refused with what it lacks", (flags, why) => {
  expect(() => readInitAsk(flags, {})).toThrow(why);
});
