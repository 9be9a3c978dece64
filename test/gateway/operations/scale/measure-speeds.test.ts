import { expect, test } from "vitest";
import { capacityOf } from "#gateway/operations/scale/capacity-of.ts";
import { measureSpeeds, type SpeedFacts } from "#gateway/operations/scale/measure-speeds.ts";

const hourMs = 3_600_000;
const now = 100 * hourMs;
const [before, earlier] = [now - hourMs, now - 2 * hourMs];

test("of several behind one address each carries its part of what they carried together", () => {
  const speeds = [queued(before, 4)];
  const counted = measureSpeeds(facts({ speeds, stood: [ran(before, 4)], running: 4 }));
  expect(rpsOf(counted)).toBeCloseTo(9, 1);
  expect(counted.isGuess).toBe(false);
  const alone = measureSpeeds(facts({ speeds: [queued(before, 1)], stood: [ran(before, 1)], running: 1 }));
  expect(rpsOf(alone)).toBeCloseTo(9, 1);
});

test("an hour counts by how many ran in it, and not by how many run now", () => {
  const stood = [ran(before, 2), ran(earlier, 4)];
  const { measured } = measureSpeeds(
    facts({ speeds: [queued(before, 2), queued(earlier, 4)], stood, running: 9 }),
  );
  expect(rpsOf({ measured })).toBeCloseTo(9, 1);
});

test("hours in which nobody counted what stands behind one address are left out once there are others", () => {
  const speeds = [queued(before, 4), queued(earlier, 12)];
  const { measured } = measureSpeeds(facts({ speeds, stood: [ran(before, 4)], running: 4 }));
  expect(measured.map(({ requests }) => requests)).toEqual([queued(before, 4).answered]);
});

test("where nobody ever counted as many ran as run now, which is a guess", () => {
  const found = measureSpeeds(facts({ speeds: [queued(before, 4)], running: 4 }));
  expect(rpsOf(found)).toBeCloseTo(9, 1);
  expect(found.isGuess).toBe(true);
});

test("instances that are seen one by one are measured in every hour as they are, however many run by now", () => {
  const shown = (hour: number) =>
    ["a", "b", "c"].map((name) => ({ ...queued(hour, 1), backend: `x/${name}` }));
  const speeds = [...shown(before), ...shown(earlier)];
  const found = measureSpeeds(facts({ speeds, stood: [ran(before, 3)], running: 3 }));
  expect([found.measured.length, found.isGuess]).toEqual([6, false]);
  expect(rpsOf(found)).toBeCloseTo(9, 1);
  const lone = measureSpeeds(facts({ speeds: [queued(before, 1)], stood: [ran(before, 1.05)], running: 8 }));
  expect(rpsOf(lone)).toBeCloseTo(9, 0);
});

test("a platform that scales by itself may have run more than it tells, but none took more than it takes", () => {
  const bounds = { least: 1, most: 8 };
  const stood = [ran(before, 1)];
  const found = measureSpeeds({
    ...facts({ speeds: [queued(before, 4)], stood, running: 1 }),
    status: { running: 1, bounds },
    perInstance: 4,
  });
  expect(found.isGuess).toBe(true);
  expect(found.measured[0]?.atOnce).toBe(4);
});

type Changes = Pick<SpeedFacts, "speeds"> & {
  readonly stood?: SpeedFacts["stood"];
  readonly running: number;
};

function facts({ speeds, stood = [], running }: Changes): SpeedFacts {
  return { speeds, stood, status: { running }, perInstance: 64, now };
}

/** An hour of so many behind one address, each doing one after the other in 111 ms and busy for 8 of 9 parts of it. */
function queued(hour: number, instances: number): SpeedFacts["speeds"][number] {
  const answered = instances * 8 * 3_600;
  return { backend: "x", hour, answered, realMs: answered * 1_000, bytes: 0 };
}

function ran(hour: number, running: number): SpeedFacts["stood"][number] {
  return { provider: "x", hour, running };
}

function rpsOf({ measured }: { readonly measured: Parameters<typeof capacityOf>[0]["measured"] }): number {
  const terms = { perInstance: 64, prior: undefined };
  const capacity = capacityOf({ terms, measured, sloMs: 2_000, attain: 0.99 });
  return capacity ? (capacity.slots * 1_000) / capacity.serviceMs : Number.NaN;
}
