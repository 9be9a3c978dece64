import { expect, test } from "vitest";
import type { State } from "#adapters/ecs/read-state.ts";
import { coldStarts, tellState } from "#adapters/ecs/read-status.ts";

const standing = (name: string, more: object = {}) => ({
  name,
  definition: {
    containerDefinitions: [
      { image: `r/${name}`, environment: [{ name: "TRADEWIND_DEPLOYMENT", value: `id-${name}` }] },
    ],
  },
  requested: 1,
  running: 1,
  pending: 0,
  share: undefined,
  ...more,
});

const state = (given: Partial<State> = {}): State => ({
  service: { desiredCount: 2, runningCount: 2, pendingCount: 0 },
  deployment: undefined,
  phase: "done",
  stable: [standing("v1", { requested: 2, running: 2 })],
  candidate: undefined,
  undone: undefined,
  isFailure: false,
  previous: undefined,
  deployed: [],
  answered: [],
  ...given,
});

const settings = { container: undefined, endpoints: "tasks" } as const;
const told = (given: Partial<State>) => tellState(state(given), settings);

test("a settled ECS service is told with what answers and what could again", () => {
  expect(told({ previous: standing("v0", { running: undefined }) })).toEqual({
    desired: 2,
    running: 2,
    pending: 0,
    isSettled: true,
    revisions: [
      {
        name: "v1",
        role: "stable",
        image: "r/v1",
        models: undefined,
        id: "id-v1",
        share: 1,
        running: 2,
        pending: 0,
        state: "ready",
        url: undefined,
        why: undefined,
      },
      expect.objectContaining({ name: "v0", role: "previous", share: 0, running: 0 }),
    ],
  });
});

test("tasks of an ECS candidate do not count as those that answer, and one that waits lets the service be settled", () => {
  const service = { desiredCount: 2, runningCount: 4, pendingCount: 0 };
  const candidate = standing("v2", { requested: 2, running: 2 });
  const waiting = told({ service, candidate, phase: "waiting" });
  expect(waiting).toMatchObject({ running: 2, isSettled: true });
  expect(waiting.revisions[1]).toMatchObject({ role: "candidate", share: 0, state: "ready" });
  const starting = told({ service, candidate, phase: "starting" });
  expect(starting.revisions[1]).toMatchObject({ state: "starting" });
  expect(starting.isSettled).toBe(false);
});

test("an ECS service with too few tasks, or on its way, is not settled", () => {
  const short = { desiredCount: 2, runningCount: 1, pendingCount: 1 };
  expect(told({ service: short }).isSettled).toBe(false);
  for (const phase of ["rolling", "shifting", "settling", "returning"] as const)
    expect(told({ phase }).isSettled).toBe(false);
});

test("what ECS took back is a failed candidate with the reason, and what a person took back is gone", () => {
  const undone = standing("v2");
  const deployment = { statusReason: "first", rollback: { reason: "the circuit breaker" } };
  const failed = told({ undone, isFailure: true, deployment, phase: "undone" });
  expect(failed.revisions[1]).toMatchObject({
    role: "candidate",
    state: "failed",
    why: "the circuit breaker",
  });
  expect(told({ undone, isFailure: false, phase: "undone" }).revisions).toHaveLength(1);
});

test("traffic that ECS parts is told as it is parted, and addresses where a load balancer has them", () => {
  const endpoints = { url: "https://lb.example", candidateUrl: "https://lb.example:8443" };
  const candidate = standing("v2", { share: 0.1 });
  const parted = { stable: [standing("v1", { share: 0.9 })], candidate, phase: "waiting" } as const;
  const { revisions } = tellState(state(parted), { container: undefined, endpoints });
  expect(revisions.map(({ share, url }) => ({ share, url }))).toEqual([
    { share: 0.9, url: "https://lb.example" },
    { share: 0.1, url: "https://lb.example:8443" },
  ]);
});

test("a revision of ECS that has no task yet is starting, and one that sleeps is ready", () => {
  const only = (given: object) => told({ stable: [standing("v1", given)] }).revisions[0]?.state;
  expect(only({ requested: 1, running: 0 })).toBe("starting");
  expect(only({ requested: 0, running: 0 })).toBe("ready");
});

test("cold starts of ECS tasks are from their order to their run, the newest last", () => {
  const at = (seconds: number): Date => new Date(seconds * 1_000);
  expect(
    coldStarts([
      { createdAt: at(10), startedAt: at(40) },
      { createdAt: at(1), startedAt: at(9) },
      { createdAt: at(50) },
      { createdAt: at(60), startedAt: at(59) },
    ]),
  ).toEqual([
    { at: 9_000, ms: 8_000 },
    { at: 40_000, ms: 30_000 },
  ]);
  const many = Array.from({ length: 50 }, (_, index) => ({ createdAt: at(index), startedAt: at(index + 1) }));
  expect(coldStarts(many)).toHaveLength(20);
});
