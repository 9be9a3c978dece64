import { expect, test } from "vitest";
import { type Batching, noBatching } from "#inference/engine/batching.ts";
import { levelOf, levelsOf, limitsOf, policyOf } from "#inference/engine/queue-policy.ts";

const never = Number.POSITIVE_INFINITY;
const policy = noBatching.defaultQueuePolicy;

test("there is always a level, and always a default one among them", () => {
  const leveled = (priorityLevels: number, defaultPriorityLevel: number): Batching => ({
    ...noBatching,
    ...{ priorityLevels, defaultPriorityLevel },
  });
  expect([levelsOf(noBatching), levelOf(noBatching), levelOf(noBatching, 7)]).toEqual([1, 1, 1]);
  expect([levelsOf(leveled(3, 2)), levelOf(leveled(3, 2)), levelOf(leveled(3, 2), 3)]).toEqual([3, 2, 3]);
  expect([levelOf(leveled(3, 0)), levelOf(leveled(3, 9))]).toEqual([1, 3]);
});

test("a level without a policy of its own has the default one", () => {
  const own = { ...policy, maxQueueSize: 3 };
  const batching = { ...noBatching, priorityLevels: 2, priorityQueuePolicies: { 2: own } };
  expect([policyOf(batching, 1), policyOf(batching, 2)]).toEqual([policy, own]);
});

test("limits are the shorter of what the policy and the caller say", () => {
  const both = { ...policy, defaultTimeoutMs: 20 };
  expect(limitsOf(policy, {})).toEqual({ timeoutMs: never, deadlineMs: never, delays: false });
  expect(limitsOf(policy, { timeoutMs: 5, deadlineMs: 9 })).toMatchObject({ timeoutMs: 5, deadlineMs: 9 });
  expect(limitsOf(both, { timeoutMs: 5 }).timeoutMs).toBe(5);
  expect(limitsOf(both, { timeoutMs: 50 }).timeoutMs).toBe(20);
  expect(limitsOf({ ...both, allowTimeoutOverride: false }, { timeoutMs: 5 }).timeoutMs).toBe(20);
  expect(limitsOf({ ...both, timeoutAction: "delay" }, {}).delays).toBe(true);
});
