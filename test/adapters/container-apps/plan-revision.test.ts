import type { Revision } from "@azure/arm-appcontainers";
import { expect, test } from "vitest";
import { planCandidate, planRescaled } from "#adapters/container-apps/plan-revision.ts";

const image = `acme.azurecr.io/detector@sha256:${"2".repeat(64)}`;
const stable: Revision = {
  name: "detector--first",
  template: {
    revisionSuffix: "first",
    terminationGracePeriodSeconds: 60,
    containers: [
      {
        name: "backend",
        image: "old",
        env: [
          { name: "TRADEWIND_MODELS", value: "/models/one" },
          { name: "WORD", secretRef: "word" },
        ],
        resources: { cpu: 8, memory: "56Gi" },
      },
      { name: "beside", image: "sidecar" },
    ],
    scale: { minReplicas: 1, maxReplicas: 4, cooldownPeriod: 900 },
  },
};

test("a candidate is what answers around another image, in the container that has the GPU", () => {
  const { name, template } = planCandidate("detector", stable, { id: "r1", image });
  expect(name).toBe(`detector--${template.revisionSuffix}`);
  expect(template).toMatchObject({
    terminationGracePeriodSeconds: 60,
    containers: [
      {
        name: "backend",
        image,
        resources: { cpu: 8, memory: "56Gi" },
        env: [
          { name: "TRADEWIND_MODELS", value: "/models/one" },
          { name: "WORD", secretRef: "word" },
          { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
        ],
      },
      { name: "beside", image: "sidecar" },
    ],
    scale: { minReplicas: 1, maxReplicas: 4, cooldownPeriod: 900 },
  });
});

test("a deployment's models take the place of those before", () => {
  const { template } = planCandidate("detector", stable, { id: "r1", image, models: "/models/two" });
  const models = template.containers?.[0]?.env?.filter(({ name }) => name === "TRADEWIND_MODELS");
  expect(models).toEqual([{ name: "TRADEWIND_MODELS", value: "/models/two" }]);
});

test("the same revision has the same name, and another one another", () => {
  const wanted = { id: "r1", image };
  expect(planCandidate("detector", stable, wanted)).toEqual(planCandidate("detector", stable, wanted));
  const names = [
    planCandidate("detector", stable, wanted),
    planCandidate("detector", stable, { ...wanted, models: "/m" }),
    planRescaled("detector", stable, { least: 2, most: 4 }),
    planRescaled("detector", stable, { least: 3, most: 4 }),
  ].map(({ name }) => name);
  expect(new Set(names).size).toBe(4);
});

test("what Azure says is not there is not sent back", () => {
  const env = [{ name: "WORD", value: null, secretRef: "word" }];
  const template = { containers: [{ name: "a", image: "b", env, args: null }], volumes: null };
  const given = { name: "a", template } as never;
  expect(planRescaled("detector", given, { least: 1, most: 2 }).template).toEqual({
    revisionSuffix: expect.any(String),
    containers: [{ name: "a", image: "b", env: [{ name: "WORD", secretRef: "word" }] }],
    scale: { minReplicas: 1, maxReplicas: 2 },
  });
});

test("other bounds leave everything else as it is", () => {
  const { template } = planRescaled("detector", stable, { least: 2, most: 6 });
  expect(template.scale).toEqual({ minReplicas: 2, maxReplicas: 6, cooldownPeriod: 900 });
  expect(template.containers).toEqual(stable.template?.containers);
});

test.each(["r1", "7up", "Rollout-Of-May", "a--b-", "-x-", "z".repeat(20), "9".repeat(20)])(
  "the deployment %s makes a suffix that Azure takes",
  (id) => {
    const app = "a".repeat(32);
    const { name, template } = planCandidate(app, stable, { id, image });
    expect(template.revisionSuffix).toMatch(/^[a-z](?:-?[a-z0-9])*$/);
    expect(name.length).toBeLessThanOrEqual(63);
  },
);

test("a revision of which Azure does not say what it runs cannot be followed by another", () => {
  expect(() => planRescaled("detector", { name: "x" }, { least: 1, most: 1 })).toThrow(
    expect.objectContaining({ code: "provider_answer_invalid" }),
  );
});
