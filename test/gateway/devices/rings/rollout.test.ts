import { expect, test } from "vitest";
import { gate, ringInWords, ringList, usualGate, usualRings } from "#gateway/devices/rings/rollout.ts";

test("the usual rings and what holds them are such as anybody may ask for", () => {
  expect(ringList.parse(usualRings)).toEqual(usualRings);
  expect(gate.parse(usualGate)).toEqual(usualGate);
  expect(usualRings.map(ringInWords)).toEqual(["1%", "10%", "50%", "100%"]);
});

test("rings that do not grow, are none, too many, or nothing that is known are refused", () => {
  const wrong = [
    [],
    [{ share: 0.5 }, { share: 0.1 }],
    [{ share: 0.5 }, { devices: "canary" }, { share: 0.5 }],
    [{ share: 0 }],
    [{ share: 1.01 }],
    [{ share: Number.NaN }],
    [{ devices: "" }],
    [{ devices: "a b" }],
    [{ devices: "canary", share: 1 }],
    [{}],
    Array.from({ length: 21 }, (_, at) => ({ share: (at + 1) / 21 })),
  ];
  for (const rings of wrong) expect(ringList.safeParse(rings).success).toBe(false);
});

test("a gate with fields out of bounds is refused", () => {
  const wrong = [
    { least: 0 },
    { soakMs: -1 },
    { maxFailures: 1.1 },
    { minAgreement: 1_000_001 },
    { more: 1 },
  ];
  for (const one of wrong) expect(gate.safeParse({ ...usualGate, ...one }).success).toBe(false);
});
