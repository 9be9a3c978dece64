import { expect, test } from "vitest";
import { readFleetFlags } from "#gateway/operations/fleet-flags.ts";

test("without a flag it looks again and again at what is published, and applies nothing", () => {
  const flags = { config: undefined, isApplying: false, isOnce: false, isJson: false, everyMs: undefined };
  expect(readFleetFlags([])).toEqual(flags);
});

test("every flag is read", () => {
  const args = ["--apply", "--once", "--json", "--every", "5s", "--config", "f.yaml"];
  expect(readFleetFlags(args)).toEqual({
    ...{ config: "f.yaml", isApplying: true, isOnce: true, isJson: true, everyMs: 5_000 },
  });
});

test.each([[["--every", "5"]], [["--every", "2h"]], [["--apply=yes"]], [["now"]], [["--config"]]])(
  "the flags %j of a fleet process are refused",
  (args) => {
    expect(() => readFleetFlags(args)).toThrow();
  },
);
