import type { Task } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { findTroubles } from "#adapters/ecs/find-troubles.ts";

const now = 1_700_000_000_000;
const ago = (ms: number): Date => new Date(now - ms);

const ofEvents = (...messages: string[]) =>
  findTroubles({
    events: messages.map((message, index) => ({ message, createdAt: ago(index * 1_000) })),
    stopped: [],
    now,
  });

const ofTask = (task: Task) =>
  findTroubles({ events: [], stopped: [{ stoppedAt: ago(1_000), ...task }], now });

test.each([
  [
    "(service detect) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance x) has insufficient RESOURCE:GPU available.",
    "capacity",
    "RESOURCE:GPU",
  ],
  [
    "(service detect) was unable to place a task. Reason: You've reached the limit on the number of vCPUs you can run concurrently.",
    "quota",
    "vCPUs",
  ],
  [
    "(service detect) failed to launch a task with (error ECS was unable to assume the role arn:x that was provided: not authorized to perform: sts:AssumeRole).",
    "permission",
    "sts:AssumeRole",
  ],
  ["(service detect) (task x) failed container health checks.", "health", undefined],
  [
    "(service detect) (instance i-1) (port 8000) is unhealthy in (target-group x) due to (reason Health checks failed)",
    "health",
    undefined,
  ],
  ["(service detect) rate exceeded for something", "other", undefined],
] as const)("of a service of ECS, the event %s is trouble with %s", (message, kind, name) => {
  expect(ofEvents(message)).toEqual([{ kind, name, message, at: now }]);
});

test("what a service of ECS does by itself is no trouble", () => {
  expect(
    ofEvents("(service detect) has reached a steady state.", "(service detect) has started 1 tasks"),
  ).toEqual([]);
  expect(
    ofTask({ stopCode: "ServiceSchedulerInitiated", stoppedReason: "Scaling activity initiated by x" }),
  ).toEqual([]);
});

test("a stopped task of ECS says what went wrong, with what its container adds", () => {
  expect(
    ofTask({
      stopCode: "TaskFailedToStart",
      stoppedReason: "Task failed to start",
      containers: [{ reason: "CannotPullContainerError: pull access denied" }],
    }),
  ).toEqual([
    {
      kind: "image",
      name: undefined,
      message: "Task failed to start (CannotPullContainerError: pull access denied)",
      at: now - 1_000,
    },
  ]);
  expect(
    ofTask({ stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." })[0],
  ).toMatchObject({ kind: "capacity", name: "Spot" });
  expect(
    ofTask({
      stopCode: "ServiceSchedulerInitiated",
      stoppedReason: "Task failed ELB health checks in (target-group x)",
    })[0],
  ).toMatchObject({ kind: "health" });
});

test("troubles of ECS are of the last hour, each told once, the newest first, and not without end", () => {
  const message = "(service detect) was unable to place a task";
  const events = [
    { message: `${message} 1`, createdAt: ago(3_000) },
    { message: `${message} 2`, createdAt: ago(1_000) },
    { message: `${message} 2`, createdAt: ago(2_000) },
    { message, createdAt: ago(4_000_000) },
  ];
  expect(findTroubles({ events, stopped: [], now }).map((one) => one.message.at(-1))).toEqual(["2", "1"]);
  const many = Array.from({ length: 100 }, (_, index) => `${message} ${index} ${"x".repeat(5_000)}`);
  const told = ofEvents(...many);
  expect(told).toHaveLength(20);
  expect(told[0]?.message.length).toBe(500);
});
