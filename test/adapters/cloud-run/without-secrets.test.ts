import { expect, test } from "vitest";
import { withoutSecrets } from "#adapters/cloud-run/without-secrets.ts";

test("what is told of a deployment has its models, and no value that somebody else has set", () => {
  const valueSource = { secretKeyRef: { secret: "token" } };
  const env = [
    { name: "DATABASE_URL", value: "postgres://hush" },
    { name: "TOKEN", valueSource },
    { name: "TRADEWIND_MODELS", value: "/models/two" },
    { name: "TRADEWIND_DEPLOYMENT", value: "r1" },
  ];
  const request = {
    service: { name: "s", etag: "e", template: { revision: "d-r1", containers: [{ image: "i", env }] } },
  };
  const told = withoutSecrets(request);
  expect(JSON.stringify(told)).not.toContain("hush");
  expect(told).toMatchObject({ service: { name: "s", etag: "e", template: { revision: "d-r1" } } });
  expect(told.service?.template?.containers?.[0]).toMatchObject({
    image: "i",
    env: [{ name: "DATABASE_URL" }, { valueSource }, { value: "/models/two" }, { value: "r1" }],
  });
  expect(request.service.template.containers[0]?.env[0]?.value).toBe("postgres://hush");
});

test("a change without a template is told as it is", () => {
  const request = { service: { name: "s", scaling: { minInstanceCount: 1 } } };
  expect(withoutSecrets(request)).toBe(request);
});
