import { expect, test } from "vitest";
import { usualGate, usualRings } from "#gateway/devices/rings/rollout.ts";
import { readRolloutAsk } from "#infra/command/models/rollout-ask.ts";
import { deviceId } from "#test/support/edge-rollouts.ts";

const read = (line: string) => readRolloutAsk(line.split(" "));

test("a rollout starts over the usual rings, held as usual, where nothing else is said", () => {
  expect(read("start digits-n 7")).toEqual({
    ...{ verb: "start", model: "digits-n", release: 7, rings: usualRings, gate: usualGate, note: "" },
  });
});

test("rings by label and by share, and what holds them, are read as they are written", () => {
  const line =
    "start digits-n 7 --rings label=canary,10%,0.5,100% --least 5 --soak 30m --max-failures 2.5% --min-agreement 0.97 --note x";
  expect(read(line)).toMatchObject({
    rings: [{ devices: "canary" }, { share: 0.1 }, { share: 0.5 }, { share: 1 }],
    gate: { least: 5, soakMs: 1_800_000, maxFailures: 0.025, minAgreement: 970_000 },
    note: "x",
  });
  expect(read("start digits-n 7 --soak 0 --max-failures 0.1")).toMatchObject({
    gate: { soakMs: 0, maxFailures: 0.1 },
  });
});

test("a rollout is turned by its model, and a device is pinned by its id", () => {
  for (const verb of ["pause", "resume", "stop", "rollback"])
    expect(read(`${verb} digits-n`)).toEqual({ verb, model: "digits-n" });
  const device = deviceId(3);
  expect(read(`pin ${device} digits-n v7`)).toEqual({ verb: "pin", device, model: "digits-n", release: 7 });
  expect(read(`unpin ${device} digits-n`)).toEqual({ verb: "unpin", device, model: "digits-n" });
});

test.each([
  ["", "expected: tradewind models rollout start"],
  ["begin digits-n 7", "expected:"],
  ["constructor digits-n", "expected:"],
  ["start digits-n", "expected:"],
  ["pause digits-n 7", "expected:"],
  ["pause digits-n --soak 5m", "rollout pause takes no --soak"],
  ["start di/gits 7", "MODEL: expected the name of a model"],
  ["start digits-n seven", "RELEASE:"],
  ["start digits-n 0", "RELEASE:"],
  ["start digits-n 7 --rings 50%,10%", "--rings: expected shares that grow"],
  ["start digits-n 7 --rings 5", "--rings: expected a share"],
  ["start digits-n 7 --rings 0%", "--rings:"],
  ["start digits-n 7 --rings label=,100%", "--rings: "],
  ["start digits-n 7 --least none", "--least:"],
  ["start digits-n 7 --least 0", "--least:"],
  ["start digits-n 7 --soak 10", "--soak:"],
  ["start digits-n 7 --max-failures 5", "--max-failures: expected a share"],
  ["start digits-n 7 --min-agreement 97", "--min-agreement: expected a share"],
  ["pin dev_x digits-n 7", "DEVICE: expected a device's id"],
  ["start digits-n 7 --ring 5%", "unknown option"],
])("the words of a rollout are refused: %s", (line, said) => {
  expect(() => read(line)).toThrow(said);
});
