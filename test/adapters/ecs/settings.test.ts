import { expect, test } from "vitest";
import { providerSchema, termsOf } from "#adapters/registry.ts";

const plain = { kind: "ecs", region: "eu-west-1", cluster: "vision", service: "detect" };

const problems = (given: object): readonly string[] => {
  const issues = providerSchema.safeParse({ ...plain, ...given }).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
};

test("an ECS service needs no more than its region, its cluster and its name", () => {
  expect(providerSchema.parse(plain)).toMatchObject({
    launch: "ec2",
    gpus: 1,
    strategy: "blue-green",
    bake: 60_000,
    port: 8_000,
    endpoints: "tasks",
    revision: "stable",
  });
  expect(termsOf({ kind: "ecs" }).billing).toBe("provisioned");
});

test("tasks on Fargate have no GPU unless somebody asks for one, which is refused with where there are some", () => {
  expect(providerSchema.parse({ ...plain, launch: "fargate" })).toMatchObject({ gpus: 0 });
  expect(problems({ launch: "fargate", gpus: 0 })).toEqual([]);
  expect(problems({ launch: "fargate", gpus: 1 })).toEqual([
    "gpus: Fargate has no GPU; launch: ec2 and launch: managed-instances do",
  ]);
});

test("a Spot capacity provider of an ECS service is one among others", () => {
  const capacityProviders = [
    { name: "gpu", base: 1 },
    { name: "gpu-spot", weight: 4 },
  ];
  expect(providerSchema.parse({ ...plain, capacityProviders })).toMatchObject({
    capacityProviders: [
      { name: "gpu", weight: 1, base: 1 },
      { name: "gpu-spot", weight: 4, base: 0 },
    ],
  });
});

test("a load balancer before ECS tasks is refused unsigned, unless no stranger reaches it", () => {
  const endpoints = { url: "https://lb.example" };
  expect(problems({ endpoints })).toEqual([
    "endpoints: a load balancer lets anybody in, so give sign, or unsigned: true where no stranger reaches it",
  ]);
  expect(problems({ endpoints, unsigned: true })).toEqual([]);
  expect(problems({ endpoints, sign: { secret: { env: "SECRET" } } })).toEqual([]);
});

test.each([
  [{ region: "Europe" }, "region: expected a region such as eu-west-1"],
  [{ launch: "lambda" }, 'launch: Invalid option: expected one of "ec2"|"managed-instances"|"fargate"'],
  [{ step: 0.1 }, "step: means nothing for strategy: blue-green"],
  [{ stepBake: "5m", strategy: "rolling" }, "stepBake: means nothing for strategy: rolling"],
  [{ strategy: "linear", step: 0.01 }, "step: expected a share of at least 3%, since ECS takes no less"],
  [{ strategy: "canary", step: 0 }, "step: expected a share of at least 0.1%, since ECS takes no less"],
  [{ endpoints: "tags" }, "endpoints: expected tasks, or url and candidateUrl"],
  [
    { api: "http://ecs.example" },
    "api: expected https, since its answers say where images are sent; http is for the loopback",
  ],
  [
    { rediscover: "2m" },
    "rediscover: expected no more than bake, or gateways go on calling tasks that are gone",
  ],
  [{ api: "ecs" }, "api: expected an https address"],
  [{ capacityProviders: [] }, "capacityProviders: Too small: expected array to have >=1 items"],
])("an ECS provider with %j is a mistake", (given, said) => {
  expect(problems(given)).toEqual([said]);
});

test("the ECS API may be another address, in clear only on the loopback", () => {
  for (const api of ["https://ecs.internal", "http://127.0.0.1:8", "http://localhost:8", "http://[::1]:8"])
    expect(problems({ api })).toEqual([]);
  expect(problems({ api: "http://127.0.0.1.example" })).toHaveLength(1);
});

test("a stepped ECS rollout says how large its steps are and how long they last", () => {
  expect(providerSchema.parse({ ...plain, strategy: "canary", step: "10%", stepBake: "5m" })).toMatchObject({
    step: 0.1,
    stepBake: 300_000,
  });
});
