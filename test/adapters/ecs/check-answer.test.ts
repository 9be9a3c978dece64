import { expect, test } from "vitest";
import { checkAnswer } from "#adapters/ecs/check-answer.ts";

test("an answer of ECS that is as it is described is believed, with whatever is new in it", () => {
  const service = { serviceName: "detect", desiredCount: 1, events: [{ createdAt: new Date(0) }], later: {} };
  expect(() => checkAnswer("DescribeServices", { services: [service], $metadata: {} })).not.toThrow();
  expect(() => checkAnswer("ListTasks", {})).not.toThrow();
  expect(() => checkAnswer("UpdateService", 5)).not.toThrow();
});

test.each([
  ["DescribeServices", { services: { a: 1 } }, "services: "],
  ["DescribeServices", { services: [null] }, "services.0: "],
  ["DescribeServices", { services: [{ desiredCount: "2" }] }, "services.0.desiredCount: "],
  ["DescribeServices", { services: [{ desiredCount: -1 }] }, "services.0.desiredCount: "],
  ["DescribeServices", { services: [{ events: [{ message: 5 }] }] }, "services.0.events.0.message: "],
  [
    "DescribeServiceDeployments",
    { serviceDeployments: [{ targetServiceRevision: { requestedProductionTrafficWeight: 101 } }] },
    "requestedProductionTrafficWeight: ",
  ],
  ["DescribeTasks", { tasks: [{ taskArn: 1 }] }, "tasks.0.taskArn: "],
  ["DescribeTasks", { tasks: [{ createdAt: "today" }] }, "tasks.0.createdAt: "],
  ["DescribeTasks", { tasks: Array.from({ length: 101 }, () => ({})) }, "tasks: "],
  ["ListTasks", { taskArns: ["a".repeat(5_000)] }, "taskArns.0: "],
  ["ListTasks", "x", ": "],
])("an answer of ECS to %s such as %j is not believed", (operation, answer, where) => {
  expect(() => checkAnswer(operation, answer)).toThrow(
    expect.objectContaining({
      code: "provider_answer_invalid",
      message: expect.stringContaining(`ECS answered ecs:${operation} with `),
    }),
  );
  expect(() => checkAnswer(operation, answer)).toThrow(where);
});
