import { expect, test } from "vitest";
import { capabilitiesOf, type Placement } from "#adapters/ecs/billing.ts";

const place: Placement = {
  region: "eu-west-1",
  launch: "ec2",
  gpus: 1,
  strategy: "blue-green",
  endpoints: "tasks",
};

test("an ECS service on machines of one's own keeps a count, down to none, and takes candidates", () => {
  expect(capabilitiesOf(place)).toEqual({
    gpuLack: undefined,
    scale: "count",
    zero: true,
    deploy: true,
    shift: false,
    domain: "aws/eu-west-1",
  });
});

test("a GPU model has no place on Fargate, which says where ECS has one", () => {
  const { gpuLack } = capabilitiesOf({ ...place, launch: "fargate", gpus: 0 });
  expect(gpuLack).toMatch(/^Fargate has no GPU; .*launch: ec2.*launch: managed-instances/);
});

test("ECS tasks that ask for no GPU have none", () => {
  expect(capabilitiesOf({ ...place, gpus: 0 }).gpuLack).toBe("its tasks ask for none (gpus: 0)");
  expect(capabilitiesOf({ ...place, launch: "managed-instances" }).gpuLack).toBeUndefined();
});

test("an ECS candidate needs a strategy that sets it beside, and an address", () => {
  const deploys = (given: Partial<Placement>): boolean => capabilitiesOf({ ...place, ...given }).deploy;
  expect(deploys({ strategy: "rolling" })).toBe(false);
  expect(deploys({ strategy: "linear" })).toBe(true);
  expect(deploys({ endpoints: {} })).toBe(false);
  expect(deploys({ endpoints: { candidateUrl: "https://lb.example:8443" } })).toBe(true);
});
