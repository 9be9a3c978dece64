import { expect, test } from "vitest";
import { capabilitiesOf, providerSchema } from "#adapters/registry.ts";

const least = { kind: "kubernetes", namespace: "vision", service: "detector" };

const problems = (more: object): string[] =>
  providerSchema
    .safeParse({ ...least, ...more })
    .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];

test.each([
  {},
  { port: 8000, scheme: "https", context: "prod", kubeconfig: "/etc/kube", deployment: "detector" },
  { port: "http", api: "https://10.0.0.1:6443", sign: { secret: { env: "SECRET" } } },
  { revision: "candidate", candidateService: "detector-next" },
  { rediscover: "1s", price: "aws/g4dn.xlarge/us-east-1", concurrency: 8 },
])("a service of a cluster may have %j", (more) => {
  expect(problems(more)).toEqual([]);
});

test.each([
  [{ namespace: "Vision" }, "namespace: expected a name of small letters"],
  [{ service: "a/b" }, "service: expected a name of small letters"],
  [{ service: "-a" }, "service: expected a name of small letters"],
  [{ port: 0 }, "port: Too small"],
  [{ port: "HTTP" }, "port: expected a name of small letters"],
  [{ api: "ftp://x" }, "api: expected an https address"],
  [{ revision: "candidate" }, "revision: a candidate has a service of its own: give candidateService"],
  [{ scale: { least: 1 } }, "scale: pods are scaled by the cluster's own autoscaler"],
  [{ selector: "app=x" }, ": Unrecognized key"],
])("of a cluster's service %j is refused with what belongs there", (more, problem) => {
  expect(problems(more)).toEqual([expect.stringContaining(problem)]);
});

test("everything of one cluster is lost together, and nothing there is scaled from here", () => {
  const domain = (more: object): string => capabilitiesOf(providerSchema.parse({ ...least, ...more })).domain;
  expect(domain({ context: "prod" })).toBe("kubernetes/prod");
  expect(domain({ context: "prod", namespace: "other" })).toBe("kubernetes/prod");
  expect(domain({})).toBe("kubernetes/here");
  expect(capabilitiesOf(providerSchema.parse(least))).toMatchObject({
    ...{ scale: "none", deploy: false, shift: false, zero: false },
  });
});
