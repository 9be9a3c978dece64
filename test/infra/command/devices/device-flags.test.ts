import { expect, test } from "vitest";
import { readEnrolAsk } from "#infra/command/devices/device-flags.ts";
import { readDevices } from "#infra/command/devices.ts";

test("flags say what a device will be given, and none say one token for a day and all models", () => {
  expect(readEnrolAsk({})).toEqual({ terms: { models: [] }, forMs: 86_400_000, count: 1 });
  const flags = { label: "dock-3", models: "digits-n,digits-s", for: "15m", hardware: "jetson", count: "12" };
  expect(readEnrolAsk(flags)).toEqual({
    terms: { label: "dock-3", models: ["digits-n", "digits-s"], hardware: "jetson" },
    forMs: 900_000,
    count: 12,
  });
});

test("everything that is wrong with an enrolment is said at once", () => {
  const flags = {
    label: "a b",
    models: "x,{y}",
    for: "31d",
    hardware: "a\nb",
    count: "1001",
    root: "r",
    store: "s",
  };
  expect(() => readEnrolAsk(flags)).toThrow(
    /--models: .*--label: .*--hardware: .*--for: .*--count: .*--root and --store/,
  );
});

test.each([
  ["nothing", []],
  ["a deed that there is not", ["steal"]],
  ["a deed of every object", ["constructor"]],
  ["no device to show", ["show"]],
  ["no device to revoke", ["revoke"]],
  ["two devices to release", ["release", "a", "b"]],
  ["a label without a device", ["label", "dock"]],
  ["something to enrol", ["enrol", "dev"]],
])("the devices command refuses %s", (_, args) => {
  expect(() => readDevices(args)).toThrow(expect.objectContaining({ code: "request_malformed" }));
});

test.each([
  [["list", "--count", "2"], "devices list takes no --count"],
  [["enrol", "--json"], "devices enrol takes no --json"],
  [["revoke", "x", "--all"], "devices revoke takes no --all"],
])("the devices command refuses a flag that belongs to another deed: %j", (args, message) => {
  expect(() => readDevices(args)).toThrow(message);
});

test.each(["show", "revoke", "release"])("%s wants an id as lists show it", (deed) => {
  expect(() => readDevices([deed, "dev_1"])).toThrow(/"dev_1" is no device's id/);
});
