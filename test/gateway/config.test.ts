import { expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";

const small = `
models:
  digits-s: { source: ./models, task: detect }
providers:
  ours-ecs:   { kind: ecs,         region: us-east-1, cluster: vision, service: detector, price: aws/g6.xlarge/us-east-1 }
  burst-run:  { kind: cloud-run,   project: acme-vision, region: us-central1, service: detector, price: gcp/cloud-run/l4 }
  cpu-azure:  { kind: app-service, subscription: 00000000-0000-0000-0000-000000000000, resourceGroup: vision, region: eastus, app: detector, plan: vision, price: azure/app-service/p1v3 }
routes:
  - models: [digits-s]
    slo: 250ms
    objective: balanced
    failover: [[ours-ecs, burst-run], [cpu-azure]]
`;

test("the small configuration of three clouds parses, with the defaults filled in", () => {
  const config = parseConfig(small, { file: "tradewind.yaml" });
  expect(config.routes).toEqual([
    {
      models: ["digits-s"],
      slo: 250,
      objective: "balanced",
      failover: [
        [
          { provider: "ours-ecs", weight: 1 },
          { provider: "burst-run", weight: 1 },
        ],
        [{ provider: "cpu-azure", weight: 1 }],
      ],
      hedge: { share: 0.05, quantile: 0.95, mostBytes: 1_048_576 },
      retry: { share: 0.1, attempts: 3 },
      eject: { after: 3, base: 2_000, most: 64_000 },
      overrides: {},
      cache: { ttl: 3_600_000, stale: 600_000, digest: "bytes", equivalent: [] },
      prepare: { strip: true, downscale: "never", uploadMbitPerS: 200, egressUsdPerGb: 0 },
      whenRedisIsAway: "local",
      lease: 0,
      fetchFrom: [],
    },
  ]);
  expect(config.limits).toEqual({
    body: 20_971_520,
    bodyTimeout: 30_000,
    inFlight: 256,
    bodiesInHand: 536_870_912,
    requestTimeout: 30_000,
    pixels: 50_000_000,
  });
  expect(config.records).toBe("postgres");
});

test("names that nothing declares are refused, all of them, each in its place", () => {
  const text = small
    .replace("models: [digits-s]", "models: [digits-x]")
    .replace("[cpu-azure]]", "[gpu-azure]]");
  expect(() => parseConfig(text, { file: "t.yaml" })).toThrow(
    /2 problems:\n {2}t\.yaml:9:14 {2}routes\.0\.models\.0: model "digits-x" is not declared under models\n {2}t\.yaml:12:40 {2}routes\.0\.failover\.1\.0: provider "gpu-azure" is not/,
  );
});

test("a model cannot have two routes", () => {
  const text = `${small}  - { models: [digits-s], failover: [[ours-ecs]] }\n`;
  expect(() => parseConfig(text, { file: "t.yaml" })).toThrow('model "digits-s" has a route already');
});

test("a provider cannot be in a route twice, since it would only fail twice", () => {
  const text = small.replace("[cpu-azure]]", "[ours-ecs]]");
  expect(() => parseConfig(text, { file: "t.yaml" })).toThrow(
    'routes.0.failover.1.0: provider "ours-ecs" is in this route already',
  );
});

test("a route without providers, a wrong unit and an unknown key are all named at once", () => {
  const text = small.replace("slo: 250ms", "slo: 250").replace("objective: balanced", "objektive: fast");
  expect(() => parseConfig(text, { file: "t.yaml" })).toThrow(/2 problems:/);
  expect(() => parseConfig(small.replace(/failover: .*/, "failover: []"), { file: "t.yaml" })).toThrow(
    "failover",
  );
});

test.each([
  ["requestTimeout: 30d", 'limits.requestTimeout: expected a duration from 1ms to 1h, got "30d"'],
  ["bodyTimeout: 0s", 'limits.bodyTimeout: expected a duration from 1ms to 1h, got "0s"'],
  ["body: 0B", 'limits.body: expected a size from 1B to 256MiB, got "0B"'],
  ["bodiesInHand: 1MiB", "limits.bodiesInHand: expected at least as much as limits.body"],
])("the limit %s is refused with its bound", (limit, problem) => {
  expect(() => parseConfig(`${small}limits: { ${limit} }\n`, { file: "t.yaml" })).toThrow(problem);
});

test.each([
  ["gateways: 0", "gateways"],
  ["gateways: 1001", "gateways"],
  ["gateways: 1.5", "gateways"],
  ["gateways: auto", "gateways"],
])("%s is no number of gateways", (line, problem) => {
  expect(() => parseConfig(`${small}${line}\n`, { file: "t.yaml" })).toThrow(problem);
});

test("an objective of no time at all is refused", () => {
  const text = small.replace("slo: 250ms", "slo: 0ms");
  expect(() => parseConfig(text, { file: "t.yaml" })).toThrow(
    'routes.0.slo: expected a duration from 1ms to 1h, got "0ms"',
  );
});

test("a route may do without a cache, or say how long answers are good", () => {
  const cacheOf = (cache: string) =>
    parseConfig(small.replace("objective: balanced", `cache: ${cache}`), { file: "t.yaml" }).routes[0]?.cache;
  expect(cacheOf("off")).toBeUndefined();
  expect(cacheOf("{ ttl: 5m, stale: 1s, digest: content }")).toMatchObject({ ttl: 300_000, stale: 1_000 });
  expect(() => cacheOf("{ ttl: 5 }")).toThrow("routes.0.cache.ttl");
  expect(() => cacheOf("{ colour: red }")).toThrow(
    't.yaml:11:14  routes.0.cache.colour: unknown key "colour"',
  );
  expect(() => cacheOf("on")).toThrow('routes.0.cache: expected "off", or settings in its place');
});

test.each([
  ['[{ address: "127.0.0.1" }]', "expected HOST:PORT"],
  ['[{ address: "127.0.0.1:1", tenant: acme, admin: true }]', "it cannot stand for a tenant"],
  ['[{ address: "127.0.0.1:1", tenant: acme, hosts: ["a.example:80"] }]', "expected the name of a host"],
  ['[{ address: "127.0.0.1:1", tenant: acme, hosts: ["http://a.example"] }]', "expected the name of a host"],
  ['[{ address: "127.0.0.1:1", hosts: ["a.example"] }]', "only a door that stands for a tenant"],
])("the listener %s is refused", (listeners, problem) => {
  expect(() => parseConfig(`${small}listeners: ${listeners}\n`, { file: "t.yaml" })).toThrow(problem);
});

test("hosts to fetch from are names, not addresses", () => {
  const from = (hosts: string) =>
    parseConfig(small.replace("objective: balanced", `fetchFrom: ${hosts}`), { file: "t.yaml" });
  expect(from('["images.example.com", "*.example.org"]').routes[0]?.fetchFrom.length).toBe(2);
  expect(() => from('["http://10.0.0.1/"]')).toThrow("expected a host such as");
});
