import type { TaskDefinition } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { planTask } from "#adapters/ecs/plan-task.ts";

const definition: TaskDefinition = {
  taskDefinitionArn: "arn:aws:ecs:eu-west-1:1:task-definition/detect:7",
  family: "detect",
  revision: 7,
  status: "ACTIVE",
  registeredAt: new Date(0),
  compatibilities: ["EC2"],
  requiresAttributes: [{ name: "x" }],
  requiresCompatibilities: ["EC2"],
  networkMode: "awsvpc",
  executionRoleArn: "arn:aws:iam::1:role/execution",
  cpu: "4096",
  containerDefinitions: [
    {
      name: "backend",
      image: "r/detect@sha256:old",
      memory: 4_096,
      environment: [
        { name: "TRADEWIND_MODELS", value: "/models/one" },
        { name: "LOG", value: "info" },
      ],
      resourceRequirements: [{ type: "GPU", value: "1" }],
    },
    { name: "logs", image: "r/logs:1" },
  ],
};

const wanted = { id: "r2", image: "r/detect@sha256:new", models: "/models/two" };
const settings = { container: undefined, gpus: 1, launch: "ec2" } as const;
const present = { definition, tags: [] };

test("a new ECS task definition is the present one with another image, models and mark, and nothing of ECS's own", () => {
  expect(planTask(present, wanted, settings)).toEqual({
    family: "detect",
    networkMode: "awsvpc",
    executionRoleArn: "arn:aws:iam::1:role/execution",
    cpu: "4096",
    requiresCompatibilities: ["EC2"],
    tags: [{ key: "tradewind:deployment", value: "r2" }],
    containerDefinitions: [
      {
        name: "backend",
        image: "r/detect@sha256:new",
        memory: 4_096,
        environment: [
          { name: "LOG", value: "info" },
          { name: "TRADEWIND_MODELS", value: "/models/two" },
          { name: "TRADEWIND_DEPLOYMENT", value: "r2" },
        ],
        resourceRequirements: [{ type: "GPU", value: "1" }],
      },
      { name: "logs", image: "r/logs:1" },
    ],
  });
});

test("an ECS deployment that says nothing of models leaves them as they are", () => {
  const { containerDefinitions } = planTask(present, { id: "r2", image: "i" }, settings);
  expect(containerDefinitions?.[0]?.environment).toContainEqual({
    name: "TRADEWIND_MODELS",
    value: "/models/one",
  });
});

test("GPUs of an ECS task are as many as the settings say, shared ones stay shared, and none are none", () => {
  const shared = { type: "GPU", value: "1", sharingStrategy: { nvidiaMps: {} } } as const;
  const neuron = { type: "NeuronDevice", value: "1" } as const;
  const having = (...resourceRequirements: object[]): TaskDefinition =>
    ({
      ...definition,
      containerDefinitions: [{ ...definition.containerDefinitions?.[0], resourceRequirements }],
    }) as TaskDefinition;
  const planned = (before: TaskDefinition, gpus: number) =>
    planTask({ definition: before, tags: [] }, wanted, { ...settings, gpus }).containerDefinitions?.[0];
  expect(planned(having(), 2)?.resourceRequirements).toEqual([{ type: "GPU", value: "2" }]);
  expect(planned(having(neuron, shared), 1)?.resourceRequirements).toEqual([neuron, shared]);
  expect(planned(having(shared), 2)?.resourceRequirements).toEqual([{ type: "GPU", value: "2" }]);
  expect(planned(having(shared), 0)).not.toHaveProperty("resourceRequirements");
});

test.each([
  ["ec2", "EC2"],
  ["managed-instances", "MANAGED_INSTANCES"],
  ["fargate", "FARGATE"],
] as const)("an ECS task definition for %s asks for %s", (launch, compatibility) => {
  expect(planTask(present, wanted, { ...settings, launch }).requiresCompatibilities).toEqual([compatibility]);
});

test("the backend's container is the one that is named, and one that is not there is told with those that are", () => {
  const { containerDefinitions } = planTask(present, wanted, { ...settings, container: "logs" });
  expect(containerDefinitions?.map(({ image }) => image)).toEqual(["r/detect@sha256:old", wanted.image]);
  expect(() => planTask(present, wanted, { ...settings, container: "web" })).toThrow(
    expect.objectContaining({
      code: "provider_missing",
      message: "task definition detect has no container web",
      hint: "its containers are backend, logs; name one under container",
    }),
  );
});

test("tags of an ECS task definition go on, save for AWS's own, as many as there may be", () => {
  const tags = [
    { key: "aws:cloudformation", value: "x" },
    { key: "tradewind:deployment", value: "r1" },
    ...Array.from({ length: 50 }, (_, index) => ({ key: `k${index}`, value: "v" })),
  ];
  const planned = planTask({ definition, tags }, wanted, settings).tags ?? [];
  expect(planned).toHaveLength(50);
  expect(planned.at(-1)).toEqual({ key: "tradewind:deployment", value: "r2" });
  expect(planned.some(({ key = "" }) => key.startsWith("aws:"))).toBe(false);
});
