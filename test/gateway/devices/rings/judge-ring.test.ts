import { expect, test } from "vitest";
import { judgeRing } from "#gateway/devices/rings/judge-ring.ts";
import { type Gate, type RingCount, usualGate, usualRings } from "#gateway/devices/rings/rollout.ts";
import { ringCount } from "#test/support/edge-rollouts.ts";

const now = 1_700_000_000_000;

type Given = { ring?: number; enoughSince?: number | null; gate?: Partial<Gate>; at?: number };

function judge(counts: readonly Partial<RingCount>[], given: Given = {}) {
  const { ring = counts.length - 1, enoughSince = null, gate = {}, at = now } = given;
  return judgeRing({
    ...{ rings: usualRings, gate: { ...usualGate, ...gate }, now: at },
    progress: { ring, since: now, enoughSince, counts: counts.map(ringCount) },
  });
}

const held = { devices: 100, live: 100, succeeded: 100 };

test("a ring waits until enough of its devices have tried, and says how many did", () => {
  const { verdict, why, enoughSince } = judge([
    { devices: 90, live: 88, succeeded: 12, trying: 5, hindered: 2 },
  ]);
  expect([verdict, enoughSince]).toEqual(["wait", null]);
  expect(why).toBe(
    "ring 1 of 4 (1%): 12 of at least 20 have tried; 90 devices, 88 live: 12 in sync, 0 failed, 5 on the way, 2 hindered",
  );
});

test("a ring that has enough soaks from then on, and the next begins when that is over", () => {
  const first = judge([held]);
  expect(first).toMatchObject({ verdict: "wait", enoughSince: now });
  expect(first.why).toContain(`soaks until ${new Date(now + 600_000).toISOString()}`);
  expect(judge([held], { enoughSince: now, at: now + 599_999 }).verdict).toBe("wait");
  expect(judge([held], { enoughSince: now, at: now + 600_000 })).toMatchObject({ verdict: "next" });
  expect(judge([held], { gate: { soakMs: 0 } }).verdict).toBe("next");
});

test("a soak begins anew where fewer have tried than before", () => {
  const fewer = { devices: 100, live: 100, succeeded: 19, trying: 81 };
  expect(judge([fewer], { enoughSince: now - 1e9 })).toMatchObject({ verdict: "wait", enoughSince: null });
});

test("a ring smaller than the least is judged when all that are there have tried", () => {
  expect(judge([{ devices: 2, live: 2, succeeded: 1 }]).verdict).toBe("wait");
  expect(judge([{ devices: 2, live: 2, succeeded: 2 }], { gate: { soakMs: 0 } }).verdict).toBe("next");
  expect(judge([{ devices: 3, live: 2, succeeded: 2 }], { gate: { soakMs: 0 } }).verdict).toBe("next");
});

test("a ring that nobody is in is passed over, the last one waits for its first device", () => {
  expect(judge([{}])).toMatchObject({ verdict: "next", why: expect.stringContaining("nobody is in it") });
  const last = judge([held, held, held, {}], { gate: { soakMs: 0 } });
  expect(last).toMatchObject({
    verdict: "wait",
    why: expect.stringContaining("no device of this model is in it"),
  });
});

test("a label that no device has is waited for, rather than taken for a ring that held", () => {
  const rings = [{ devices: "canray" }, { share: 1 }];
  const progress = { ring: 0, since: now, enoughSince: null, counts: [ringCount({}), ringCount(held)] };
  expect(judgeRing({ rings, gate: { ...usualGate, soakMs: 0 }, progress, now })).toMatchObject({
    verdict: "wait",
    why: expect.stringContaining("ring 1 of 2 (label canray): no device of this model is in it"),
  });
});

test("a ring whose devices are all silent is not taken for one that held", () => {
  expect(judge([{ devices: 5 }])).toMatchObject({ verdict: "wait", why: expect.stringContaining("silent") });
});

test("more failures than a whole ring may have stop at once, before the least have tried", () => {
  const { verdict, why } = judge([
    { devices: 90, live: 90, failed: 5, causes: { self_test_failed: 3, unhealthy: 2 } },
  ]);
  expect(verdict).toBe("stop");
  expect(why).toBe(
    "ring 1 of 4 (1%): more than 5% failed, whatever the others do; 90 devices, 90 live: 0 in sync, 5 failed, 0 on the way, 0 hindered (3 self_test_failed, 2 unhealthy)",
  );
});

test("more failures than their share of those who tried stop when the least have tried", () => {
  expect(judge([{ devices: 1_000, live: 1_000, succeeded: 17, failed: 2 }]).verdict).toBe("wait");
  const { verdict, why } = judge([{ devices: 1_000, live: 1_000, succeeded: 18, failed: 2 }]);
  expect([verdict, why]).toEqual(["stop", expect.stringContaining("more than 5% failed of 20 that tried")]);
});

test("exactly the share that may fail does not stop", () => {
  expect(judge([{ devices: 100, live: 100, succeeded: 95, failed: 5 }]).verdict).toBe("wait");
  const gate = { maxFailures: 0.29 };
  expect(judge([{ devices: 100, live: 100, succeeded: 71, failed: 29 }], { gate }).verdict).toBe("wait");
  expect(judge([{ devices: 100, live: 100, succeeded: 70, failed: 30 }], { gate }).verdict).toBe("stop");
  expect(judge([{ devices: 100, live: 100, failed: 1 }], { gate: { maxFailures: 0 } }).verdict).toBe("stop");
});

test("a device that fails late stops a rollout from a ring that had held", () => {
  const late = { devices: 10, live: 10, succeeded: 9, failed: 1 };
  expect(judge([late, { devices: 90, live: 90, succeeded: 50 }])).toMatchObject({
    verdict: "stop",
    why: expect.stringContaining("ring 1 of 4"),
  });
});

test("what the network or the disk is to blame for neither stops a ring nor lets it go on", () => {
  const hindered = { devices: 30, live: 30, succeeded: 2, hindered: 28, causes: { download_failed: 28 } };
  expect(judge([hindered])).toMatchObject({
    verdict: "wait",
    why: expect.stringContaining("28 download_failed"),
  });
});

test("too little agreement in the mean of a ring stops, as soon as enough have told theirs", () => {
  const gate = { minAgreement: 970_000 };
  const told = (mean: number, count = 20) => ({
    ...{ devices: 100, live: 100, succeeded: count },
    ...{
      agreementSum: mean * count,
      agreementTold: count,
      agreementLow: mean < gate.minAgreement ? count : 0,
    },
  });
  expect(judge([told(960_000)], { gate })).toMatchObject({
    verdict: "stop",
    why: expect.stringContaining("agreement 0.9600 is less than 0.9700"),
  });
  expect(judge([told(970_000)], { gate }).verdict).toBe("wait");
  expect(judge([told(960_000, 5)], { gate }).verdict).toBe("wait");
  expect(judge([told(960_000)]).verdict).toBe("wait");
  expect(judge([{ ...held }], { gate, enoughSince: 0 }).verdict).toBe("next");
});

test("one device that says it failed stops only a ring of which it is more than may fail", () => {
  const gate = { least: 1 };
  expect(judge([{ devices: 20, live: 20, failed: 1 }], { gate }).verdict).toBe("wait");
  expect(judge([{ devices: 100, live: 1, failed: 1 }]).verdict).toBe("wait");
  expect(judge([{ devices: 100, live: 2, failed: 2 }]).verdict).toBe("stop");
  expect(judge([{ devices: 19, live: 19, failed: 1 }]).verdict).toBe("stop");
});

test("one device that tells no agreement at all sinks no mean", () => {
  const gate = { minAgreement: 970_000 };
  const told = (low: number, devices = 100) => ({
    ...{ devices, live: devices, succeeded: 20, agreementTold: 20, agreementLow: low },
    agreementSum: (20 - low) * 980_000,
  });
  expect(judge([told(1)], { gate }).verdict).toBe("wait");
  expect(judge([told(1, 20)], { gate }).verdict).toBe("wait");
  expect(judge([told(2)], { gate }).verdict).toBe("stop");
  const few = { agreementSum: 4 * 980_000, agreementTold: 5, agreementLow: 1 };
  expect(judge([{ devices: 100, live: 5, succeeded: 5, ...few }], { gate }).verdict).toBe("wait");
  const half = {
    devices: 2,
    live: 2,
    succeeded: 2,
    agreementSum: 980_000,
    agreementTold: 2,
    agreementLow: 1,
  };
  expect(judge([half], { gate }).verdict).toBe("stop");
});

test("a device that never ends its try holds a small ring up for a day and not for ever", () => {
  const stuck = { devices: 10, live: 10, succeeded: 9, trying: 1 };
  const day = 86_400_000;
  const gate = { soakMs: 0 };
  expect(judge([stuck], { gate, at: now + day - 1 }).verdict).toBe("wait");
  expect(judge([stuck], { gate, at: now + day }).verdict).toBe("next");
  expect(judge([{ ...stuck, succeeded: 5, trying: 5 }], { gate, at: now + 9 * day }).verdict).toBe("wait");
  const large = { devices: 900, live: 900, succeeded: 19 };
  expect(judge([large], { gate, at: now + 9 * day }).verdict).toBe("wait");
});
