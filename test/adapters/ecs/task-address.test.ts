import type { Task } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { addressOf, checksHealth, isUsable, taskId } from "#adapters/ecs/task-address.ts";

const door = { container: undefined, port: 8_000 };
const task = (privateIpv4Address: string | undefined, more: Task = {}): Task => ({
  taskArn: "arn:aws:ecs:eu-west-1:1:task/vision/0123abc",
  containers: [{ name: "backend", networkInterfaces: [{ privateIpv4Address }] }],
  ...more,
});

test("an ECS task answers at its own address and is named by its id", () => {
  expect(addressOf(task("10.0.1.7"), door)).toEqual({ url: "http://10.0.1.7:8000", name: "0123abc" });
});

test("of an ECS task with several containers the named one answers", () => {
  const containers = [
    { name: "logs", networkInterfaces: [{ privateIpv4Address: "10.0.0.1" }] },
    { name: "backend", networkInterfaces: [{ privateIpv4Address: "10.0.0.2" }] },
  ];
  expect(addressOf({ containers }, { ...door, container: "backend" })?.url).toBe("http://10.0.0.2:8000");
  expect(addressOf({ containers }, { ...door, container: "web" })).toBeUndefined();
});

test("where its containers say nothing, the attached interface of an ECS task does", () => {
  const attachments = [
    {
      type: "ElasticNetworkInterface",
      status: "ATTACHED",
      details: [{ name: "privateIPv4Address", value: "10.0.0.9" }],
    },
  ];
  expect(addressOf({ containers: [{}], attachments }, door)?.url).toBe("http://10.0.0.9:8000");
  const gone = attachments.map((one) => ({ ...one, status: "DETACHED" }));
  expect(addressOf({ containers: [{}], attachments: gone }, door)).toBeUndefined();
});

test("an ECS task with IPv6 alone is written in brackets", () => {
  const containers = [{ networkInterfaces: [{ ipv6Address: "2001:db8::1" }] }];
  expect(addressOf({ containers }, door)?.url).toBe("http://[2001:db8::1]:8000");
});

test.each(["evil.example", "10.0.0.1:9/x", "10.0.0.1@evil.example", "", "999.1.1.1", "169.254.170.2"])(
  "%j is no address of an ECS task",
  (address) => {
    expect(addressOf(task(address), door)).toBeUndefined();
  },
);

test("a name made of a task's ARN is short and plain", () => {
  expect(taskId("arn:aws:ecs:x:1:task/vision/a b\nc")).toBe("a_b_c");
  expect(taskId(`x/${"a".repeat(200)}`)).toHaveLength(63);
});

test("an ECS task is used when it runs and is healthy, or checks no health", () => {
  const checks = (): boolean => true;
  const checksNot = (): boolean => false;
  expect(isUsable({ lastStatus: "RUNNING", healthStatus: "HEALTHY" }, checks)).toBe(true);
  expect(isUsable({ lastStatus: "RUNNING", healthStatus: "UNKNOWN" }, checks)).toBe(false);
  expect(isUsable({ lastStatus: "RUNNING", healthStatus: "UNKNOWN" }, checksNot)).toBe(true);
  expect(isUsable({ lastStatus: "RUNNING", healthStatus: "UNHEALTHY" }, checksNot)).toBe(false);
  expect(isUsable({ lastStatus: "PENDING", healthStatus: "HEALTHY" }, checks)).toBe(false);
  const leaving = { lastStatus: "RUNNING", desiredStatus: "STOPPED", healthStatus: "HEALTHY" } as const;
  expect(isUsable(leaving, checks)).toBe(false);
});

test("a task definition of ECS checks health where one of its containers does", () => {
  expect(checksHealth({ containerDefinitions: [{}, { healthCheck: { command: ["x"] } }] })).toBe(true);
  expect(checksHealth({})).toBe(false);
});
