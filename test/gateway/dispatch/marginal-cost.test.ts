import { expect, test } from "vitest";
import type { Terms } from "#adapters/terms.ts";
import { longerLifeUsd, marginalUsd, newInstanceUsd } from "#gateway/dispatch/marginal-cost.ts";
import type { Standing } from "#gateway/dispatch/standing.ts";
import { laneOf } from "#test/support/courses.ts";
import { dawn, forever } from "#test/support/lanes.ts";

const instance = {
  billing: "instance",
  ...{ usdPerSecond: 0.001, perInstance: 4 },
  ...{ idleMs: 600_000, coldMs: 20_000 },
} as const;

const standingOf = (terms: Partial<Terms>): Standing => laneOf("a", terms).standing;

const ask = (more: Partial<Parameters<typeof marginalUsd>[1]> = {}) => ({
  ...{ load: 1, bytes: 0, ms: 100, now: dawn, mostLongerUsd: forever },
  ...more,
});

/** One whose first answer has just come. */
function awake(): Standing {
  const standing = standingOf(instance);
  standing.warmth.started(dawn - 100);
  standing.warmth.answered(dawn, 1, undefined);
  return standing;
}

test("one more image costs nothing where the machine is paid for anyway, however dear it is", () => {
  const standing = standingOf({ billing: "provisioned", usdPerSecond: 100 });
  expect(marginalUsd(standing, ask({ load: 60, ms: 5_000 }))).toBe(0);
  expect([newInstanceUsd(standing), longerLifeUsd(standing)]).toEqual([0, 0]);
});

test("what is billed by the request costs the seconds it works, shared by those that are there together", () => {
  const standing = standingOf({ usdPerSecond: 0.01, perInstance: 4 });
  const alone = marginalUsd(standing, ask());
  expect(alone).toBeCloseTo(0.001, 12);
  expect(marginalUsd(standing, ask({ ms: 200 }))).toBeCloseTo(2 * alone, 12);
  expect(marginalUsd(standing, ask({ load: 4 }))).toBeCloseTo(alone / 4, 12);
  expect(marginalUsd(standing, ask({ load: 64 }))).toBeCloseTo(alone / 4, 12);
});

test("the fee of a request and the bytes on their way out count whatever the billing", () => {
  for (const billing of ["provisioned", "request", "instance"] as const) {
    const standing = standingOf({ ...instance, billing, usdPerRequest: 0.002, egressUsdPerGb: 0.09 });
    const [empty, big] = [marginalUsd(standing, ask()), marginalUsd(standing, ask({ bytes: 1e9 }))];
    expect(big - empty).toBeCloseTo(0.09, 9);
    const free = standingOf({ ...instance, billing });
    expect(empty - marginalUsd(free, ask())).toBeCloseTo(0.002, 9);
  }
});

test("an instance that stands costs only by how much longer it stands", () => {
  const standing = awake();
  standing.warmth.started(dawn);
  const soon = marginalUsd(standing, ask({ now: dawn + 10 }));
  const later = marginalUsd(standing, ask({ now: dawn + 1_000 }));
  expect(soon).toBeCloseTo((instance.usdPerSecond * 10) / 1_000, 12);
  expect(later).toBeGreaterThan(soon);
  expect(later).toBeLessThan(newInstanceUsd(standing) / 10);
});

test("however long it was quiet, nobody pays for more than an idle time", () => {
  const standing = awake();
  const most = (instance.usdPerSecond * instance.idleMs) / 1_000;
  expect(marginalUsd(standing, ask({ now: dawn + 300_000 }))).toBeLessThanOrEqual(most);
});

test("the first after a silence is charged no more of a longer life than it is said to bear", () => {
  const standing = awake();
  const now = dawn + 300_000;
  expect(marginalUsd(standing, ask({ now, mostLongerUsd: 0.01 }))).toBeCloseTo(0.01, 12);
  expect(marginalUsd(standing, ask({ now }))).toBeGreaterThan(0.25);
});

test("where nothing stands the first request costs a whole instance's life", () => {
  const standing = standingOf(instance);
  expect(marginalUsd(standing, ask())).toBeCloseTo(newInstanceUsd(standing), 12);
  expect(newInstanceUsd(standing)).toBeCloseTo(instance.usdPerSecond * 620, 9);
});

test("one that was just woken is not paid for a second time by the next request", () => {
  const standing = standingOf(instance);
  standing.warmth.started(dawn);
  expect(marginalUsd(standing, ask({ now: dawn + 50 }))).toBeLessThan(newInstanceUsd(standing) / 100);
});

test("more at once than stand there makes another instance, and costs one", () => {
  const standing = awake();
  const fits = marginalUsd(standing, ask({ load: 4, now: dawn + 1 }));
  const grows = marginalUsd(standing, ask({ load: 5, now: dawn + 1 }));
  expect(grows - fits).toBeCloseTo(newInstanceUsd(standing), 9);
});

test("to keep an instance costs another idle time, to keep what is billed by the request next to nothing", () => {
  expect(longerLifeUsd(standingOf(instance))).toBeCloseTo(0.6, 9);
  expect(longerLifeUsd(standingOf({ ...instance, billing: "request" }))).toBeLessThan(0.001);
});
