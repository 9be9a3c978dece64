import { expect, test } from "vitest";
import { inContainer } from "#infra/runtime/hardware/container.ts";

test.each([
  [{ KUBERNETES_SERVICE_HOST: "10.0.0.1" }, true],
  [{ ECS_CONTAINER_METADATA_URI_V4: "http://169.254.170.2/v4/x" }, true],
  [{ K_SERVICE: "backend" }, true],
  [{ WEBSITE_SITE_NAME: "backend" }, true],
  [{ CONTAINER_APP_NAME: "backend" }, true],
  [{ K_SERVICE: "" }, false],
  [{ HOSTNAME: "laptop", PORT: "8080" }, false],
  [{}, false],
])("with the environment %j being in a container is %s", (env, found) => {
  expect(inContainer({ env, exists: () => false })).toBe(found);
});

test.each(["/.dockerenv", "/run/.containerenv"])("the file %s says that this is a container", (file) => {
  expect(inContainer({ env: {}, exists: (path) => path === file })).toBe(true);
});
