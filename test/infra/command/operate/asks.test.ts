import { describe, expect, test } from "vitest";
import { readDeployAsk } from "#infra/command/operate/deploy-ask.ts";
import { readFreezeAsk } from "#infra/command/operate/freeze-ask.ts";
import { readPlanAsk } from "#infra/command/operate/plan-ask.ts";
import { readScaleAsk } from "#infra/command/operate/scale-ask.ts";
import { readStatusAsk } from "#infra/command/operate/status-ask.ts";
import { readTurnAsk } from "#infra/command/operate/turn-ask.ts";

const image = `ghcr.io/acme/detect@sha256:${"a".repeat(64)}`;

test("a deploy is read with all that it may name", () => {
  const flags = ["--image", image, "--image-at", `b=${image}`, "--models", "s3://m", "--providers", "a, b"];
  expect(readDeployAsk([...flags, "--note", "v2", "--detach"])).toEqual({
    ...{ image, images: { b: image }, models: "s3://m", providers: ["a", "b"], note: "v2" },
    ...{ isNow: false, isDetached: true, isDry: false, isJson: false },
  });
  expect(readDeployAsk(["--image", image])).toMatchObject({ images: {}, providers: undefined });
});

describe("what a deploy cannot mean is refused with what was expected", () => {
  test.each([
    [[], /expected: tradewind deploy --image/],
    [["--image", "acme/detect:latest"], /--image: expected an image by its digest/],
    [["--image", "acme/detect@sha256:abc"], /--image: expected an image by its digest/],
    [["--image", image, "--image-at", "b"], /--image-at: expected PROVIDER=NAME/],
    [["--image", image, "--image-at", "b=acme/detect:latest"], /--image-at: expected an image by its digest/],
    [["--image", image, "--providers", "a,,b"], /--providers: expected names/],
    [["--image", image, "--models", " "], /--models: expected a folder/],
    [["--image", image, "--note", "n".repeat(401)], /--note: expected 400/],
    [["--image", image, "--now", "--detach"], /expected one of them/],
    [["--image", image, "--odd"], /unknown option/i],
    [["--image", image, "extra"], /unexpected argument/i],
  ])("%j", (flags, why) => {
    expect(() => readDeployAsk(flags)).toThrow(why);
  });
});

test("a size is a count or a range", () => {
  expect(readScaleAsk(["a", "3"]).wanted).toEqual({ count: 3 });
  expect(readScaleAsk(["a", "0..5", "--dry-run"])).toMatchObject({
    ...{ provider: "a", wanted: { least: 0, most: 5 }, isDry: true },
  });
});

test.each(["-1", "3..1", "1.5", "many", "1..", "..4", "10001", "1..99999", "", "1e3"])(
  "the size %j is refused with what a size is",
  (size) => {
    expect(() => readScaleAsk(["--", "a", size])).toThrow(/is no size: expected a count such as 3/);
  },
);

test("a freeze has a reason and may have an end", () => {
  expect(readFreezeAsk([])).toMatchObject({ provider: undefined, why: "by hand", forMs: undefined });
  expect(readFreezeAsk(["a", "--why", "fair", "--for", "2h"])).toMatchObject({
    why: "fair",
    forMs: 7_200_000,
  });
});

test.each([
  ["a freeze of two", () => readFreezeAsk(["a", "b"]), /expected: tradewind freeze/],
  ["a thaw with an end", () => readFreezeAsk(["--off", "--for", "2h"]), /expected: tradewind freeze/],
  ["a thaw with a reason", () => readFreezeAsk(["--off", "--why", "x"]), /expected: tradewind freeze/],
  [
    "a freeze for ever so long",
    () => readFreezeAsk(["--for", "31d"]),
    /--for: expected a duration up to 30d/,
  ],
  ["a freeze without a reason", () => readFreezeAsk(["--why", " "]), /--why: expected a reason/],
  ["a size of nobody", () => readScaleAsk(["3"]), /expected: tradewind scale PROVIDER/],
  ["a size of two", () => readScaleAsk(["a", "3", "4"]), /expected: tradewind scale PROVIDER/],
  ["a promotion of two", () => readTurnAsk("promote", ["a", "b"]), /expected: tradewind promote/],
  ["a rollback of two", () => readTurnAsk("rollback", ["a", "b"]), /expected: tradewind rollback/],
  ["a status by a key alone", () => readStatusAsk(["--key", "k"]), /expected: tradewind status/],
  [
    "a status of a gateway and a file",
    () => readStatusAsk(["--url", "http://a", "--config", "f"]),
    /expected: /,
  ],
  ["a plan of something", () => readPlanAsk(["a"]), /unexpected argument/i],
])("%s is no use of the command", (_, read, why) => {
  expect(read).toThrow(why);
});
