import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { configJsonSchema } from "#gateway/config/json-schema.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-config-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const check = async (text: string) => {
  const file = join(folder, "tradewind.yaml");
  await writeFile(file, text);
  const { code, stdout, stderr } = await runTradewind(["config", "check", file]);
  return {
    code,
    lines: stdout.replaceAll(file, "FILE").split("\n"),
    stderr: stderr.replaceAll(file, "FILE"),
  };
};

test("config check says what is declared, what each route will do, and what may not be meant", async () => {
  const { code, lines } = await check(`models: { m: { source: x }, n: { source: x } }
providers: { a: { kind: static, urls: ["http://a"], usdPerHour: 1 }, b: { kind: ecs, region: us-east-1, cluster: vision, service: detector } }
routes: [{ models: [m], slo: 250ms, failover: [[a]] }]
`);
  expect(code).toBe(0);
  expect(lines).toEqual([
    "FILE is valid: 2 models, 2 providers, 1 route",
    expect.stringMatching(/^ {2}m: within 250 ms, for which an image may cost up to \$\S+ more, .*; a$/),
    "warning: models.n: in no route, so nobody can ask for it",
    "warning: providers.b: in no route, so it gets nothing",
    "warning: providers.b: no price is given, so what it costs is in no sum",
    "",
  ]);
});

test("config check lists every problem of a bad file at once, each with its line and column", async () => {
  const { code, stderr } = await check(`models: { m: { source: x } }
providers: { a: { kind: cloud-run, project: acme-vision, region: us-central1, service: detector }, b: { kind: static, urls: [], colour: red } }
routes: [{ models: [m], failover: [[a, { provider: b, weight: 0 }], [], [c]] }]
`);
  expect(code).toBe(1);
  for (const place of ["2:14", "2:119", "2:129", "3:55", "3:69", "3:74"])
    expect(stderr).toContain(`FILE:${place}  `);
  expect(stderr).toContain("FILE has 6 problems");
});

test("config schema prints the JSON Schema that editors read", async () => {
  const { code, stdout } = await runTradewind(["config", "schema"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});

test.each([
  [["config"], "expected: tradewind config check | schema | "],
  [["config", "constructor"], "expected: tradewind config check | schema | "],
  [["config", "schema", "x"], "expected: tradewind config schema"],
  [["config", "check", "a", "b"], "expected: tradewind config check [FILE]"],
])("%j is refused with what there is", async (args, expected) => {
  const { code, stderr } = await runTradewind(args);
  expect(code).not.toBe(0);
  expect(stderr).toContain(expected);
});
