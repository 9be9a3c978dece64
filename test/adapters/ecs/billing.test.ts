import { expect, test } from "vitest";
import { capabilitiesOf, type Placement } from "#adapters/ecs/billing.ts";

const place: Placement = {
  region: "eu-west-1",
  launch: "ec2",
  gpus: 1,
  strategy: "blue-green",
  endpoints: "tasks",
  bake: 60_000,
};

test("an ECS service on machines of one's own keeps a count, down to none, and takes candidates", () => {
  expect(capabilitiesOf(place)).toEqual({
    gpuLack: undefined,
    scale: "count",
    zero: true,
    deploy: true,
    shift: false,
    domain: "aws/eu-west-1",
    promoteMs: 60_000,
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

test("how long ECS takes to promote is known from the settings, in whole minutes and with what ECS takes unless told", () => {
  const minutes = (given: Partial<Placement>): number =>
    capabilitiesOf({ ...place, ...given }).promoteMs / 60_000;
  expect(minutes({ bake: 61_000 })).toBe(2);
  expect(minutes({ strategy: "canary" })).toBe(10 + 1);
  expect(minutes({ strategy: "canary", step: 0.1, stepBake: 20 * 60_000 })).toBe(20 + 1);
  expect(minutes({ strategy: "linear" })).toBe(9 * 6 + 1);
  expect(minutes({ strategy: "linear", step: 0.2, stepBake: 90_000 })).toBe(4 * 2 + 1);
  expect(minutes({ strategy: "linear", step: 0.3, stepBake: 60_000 })).toBe(3 + 1);
  expect(minutes({ strategy: "linear", step: 1, stepBake: 60_000 })).toBe(1);
  expect(minutes({ strategy: "rolling" })).toBe(0);
});
