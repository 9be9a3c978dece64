import { expect, test } from "vitest";
import { revisionNameFor, templateFor } from "#adapters/cloud-run/plan-deploy.ts";
import type { Template } from "#adapters/cloud-run/run-api.ts";

const image = `registry/backend@sha256:${"a".repeat(64)}`;
const wanted = { id: "r7", image, models: "/models/two", revision: "digits-r7" };
const bare = {
  gpu: "none",
  cpu: undefined,
  memory: undefined,
  zonalRedundancy: false,
  perInstance: undefined,
} as const;
const before: Template = {
  serviceAccount: "digits@team-vision",
  labels: { team: "vision" },
  containers: [
    { name: "metrics", image: "registry/metrics" },
    {
      name: "backend",
      image: "registry/backend",
      ports: [{ containerPort: 8080 }],
      env: [
        { name: "LOG", value: "info" },
        { name: "TRADEWIND_MODELS", value: "/models/one" },
      ],
      resources: { limits: { cpu: "2" }, startupCpuBoost: true },
    },
  ],
};

const answering = (template: Template) => template.containers?.find(({ name }) => name === "backend");

test("a new revision has another image, models and its deployment, and all else as before", () => {
  const template = templateFor(before, wanted, bare);
  expect(template).toMatchObject({
    revision: "digits-r7",
    serviceAccount: "digits@team-vision",
    labels: { team: "vision", "tradewind-deployment": "r7" },
  });
  expect(template.containers?.[0]).toEqual({ name: "metrics", image: "registry/metrics" });
  expect(answering(template)).toMatchObject({
    image,
    resources: { limits: { cpu: "2" }, startupCpuBoost: true },
    env: [
      { name: "LOG", value: "info" },
      { name: "TRADEWIND_MODELS", value: "/models/two" },
      { name: "TRADEWIND_DEPLOYMENT", value: "r7" },
    ],
  });
  expect(template.nodeSelector).toBeUndefined();
});

test("a revision with an L4 has what the platform wants beside it, and its processor always", () => {
  const template = templateFor(before, wanted, { ...bare, gpu: "nvidia-l4", perInstance: 8 });
  expect(template).toMatchObject({
    nodeSelector: { accelerator: "nvidia-l4" },
    gpuZonalRedundancyDisabled: true,
    maxInstanceRequestConcurrency: 8,
  });
  expect(answering(template)?.resources).toEqual({
    limits: { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1" },
    startupCpuBoost: true,
    cpuIdle: false,
  });
});

test("the size of an instance is as the configuration says", () => {
  const given = { ...bare, gpu: "nvidia-l4", cpu: 8, memory: "32Gi", zonalRedundancy: true } as const;
  const template = templateFor(before, wanted, given);
  expect(answering(template)?.resources?.limits).toMatchObject({ cpu: "8", memory: "32Gi" });
  expect(template.gpuZonalRedundancyDisabled).toBe(false);
});

test("an instance counts as started when its models are loaded, unless the service has a check of its own", () => {
  expect(answering(templateFor(before, wanted, bare))?.startupProbe?.httpGet?.path).toBe("/v2/health/ready");
  const startupProbe = { httpGet: { path: "/mine" } };
  const own = { ...before, containers: [{ image: "registry/backend", startupProbe }] };
  expect(templateFor(own, wanted, bare).containers?.[0]?.startupProbe).toEqual(startupProbe);
});

test("models that nobody names any more go away, those out of a secret stay", () => {
  const without = { ...wanted, models: undefined };
  expect(answering(templateFor(before, without, bare))?.env?.map(({ name }) => name)).toEqual([
    "LOG",
    "TRADEWIND_DEPLOYMENT",
  ]);
  const valueSource = { secretKeyRef: { secret: "models" } };
  const secret = { containers: [{ image: "x", env: [{ name: "TRADEWIND_MODELS", valueSource }] }] };
  expect(templateFor(secret, without, bare).containers?.[0]?.env?.[0]).toMatchObject({ valueSource });
});

test("a template as the SDK reads it is sent without what nobody said", () => {
  const filledIn: object = {
    revision: "digits-r6",
    labels: {},
    timeout: null,
    sessionAffinity: false,
    executionEnvironment: "EXECUTION_ENVIRONMENT_UNSPECIFIED",
    containers: [
      { image: "x", env: [{ name: "A", value: "", values: "value" }], command: [], livenessProbe: null },
    ],
    gpuZonalRedundancyDisabled: false,
    _gpuZonalRedundancyDisabled: "gpuZonalRedundancyDisabled",
  };
  const template = templateFor(filledIn, { ...wanted, models: undefined }, bare);
  expect(Object.keys(template).sort()).toEqual([
    "containers",
    "gpuZonalRedundancyDisabled",
    "labels",
    "revision",
  ]);
  expect(template.containers?.[0]?.env?.[0]).toEqual({ name: "A", value: "" });
});

test("an image without its digest, and a service without a container, are refused", () => {
  expect(() => templateFor(before, { ...wanted, image: "registry/backend:latest" }, bare)).toThrow(
    /another image/,
  );
  expect(() => templateFor({ containers: [] }, wanted, bare)).toThrow(/no container/);
});

test.each([
  ["digits", "r7", "digits-r7"],
  ["digits", "R7", expect.stringMatching(/^digits-[0-9a-f]{12}$/)],
  ["digits", "r7-", expect.stringMatching(/^digits-[0-9a-f]{12}$/)],
  ["d".repeat(49), "20-letters-long-name", expect.stringMatching(/^d{49}-[0-9a-f]{12}$/)],
])("a revision of %s for %s has a name that the platform takes", (service, id, name) => {
  expect(revisionNameFor({ service }, id)).toEqual(name);
  expect(revisionNameFor({ service }, id)).toBe(revisionNameFor({ service }, id));
});
