import { access, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "#gateway/config.ts";
import { type AppServiceFake, startAppService } from "#test/support/clouds/azure/start-app-service.ts";
import {
  type ContainerAppsFake,
  startContainerApps,
} from "#test/support/clouds/azure/start-container-apps.ts";
import { createFakeCloudRun, type FakeCloudRun } from "#test/support/clouds/cloud-run/create-fake.ts";
import { type FakeEcs, startFakeEcs } from "#test/support/clouds/ecs/start-fake-ecs.ts";
import { createRealWorld } from "#test/support/clouds/real-world.ts";
import type { World } from "#test/support/clouds/world.ts";
import { runTradewind } from "#test/support/run-tradewind.ts";

const image = `registry.example/detect@sha256:${"1".repeat(64)}`;
const models = resolve(import.meta.dirname, "../../inference/models/demo");

let folder: string;
let stack: AsyncDisposableStack;
let world: World;
let ecs: FakeEcs;
let run: FakeCloudRun;
let apps: AppServiceFake;
let containers: ContainerAppsFake;

beforeAll(async () => {
  await using opening = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), "tradewind-init-"));
  opening.defer(() => rm(folder, { recursive: true, force: true }));
  world = opening.use(createRealWorld({ images: { [image]: { models } }, coldMs: 10 }));
  ecs = opening.use(await startFakeEcs({ world, image, machine: "g4dn.xlarge" }));
  run = opening.use(await createFakeCloudRun({ world }));
  await run.platform.put({ service: "digits", template: template("nvidia-l4"), least: 1, most: 3 });
  await run.platform.put({ service: "newest", template: template("nvidia-b300"), least: 0, most: 3 });
  apps = opening.use(await startAppService({ world, image }));
  containers = opening.use(await startContainerApps({ world, image }));
  await Promise.all(world.instances().map(({ ready }) => ready));
  stack = opening.move();
}, 60_000);
afterAll(() => stack?.disposeAsync());

function template(accelerator: string) {
  const resources = { limits: { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1" } };
  const container = { image, ports: [{ name: "http1", containerPort: 8080 }], resources };
  return { containers: [container], nodeSelector: { accelerator }, gpuZonalRedundancyDisabled: true };
}

const init = (...args: string[]) =>
  runTradewind(["init", ...args], {
    ...ecs.env,
    ...run.env,
    ...apps.env,
    GOOGLE_CLOUD_PROJECT: "team-vision",
  });

const everywhere = () => [
  ...["--aws-region", "eu-west-1", "--azure-subscription", apps.place.subscription],
  ...["--api", `cloud-run=${run.grpcUrl}`, "--api", `app-service=${apps.url}`],
  ...["--api", `container-apps=${containers.url}`],
];

test("init finds what runs in three clouds, sends each a real image and writes what config check takes", async () => {
  const file = join(folder, "tradewind.yaml");
  const { code, stdout, stderr } = await init(...everywhere(), "--file", file);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^cloud-run newest: left out, since gpu: /m);
  expect(stdout).toMatch(/^app-service detector: left out, since it is no container on Linux/m);
  for (const service of ["detect", "digits", "detector", "detector-gpu"])
    expect(stdout).toMatch(new RegExp(`^${service} +digits-[ns] +\\d+ ms +\\d+ ms$`, "m"));
  expect(stdout).toMatch(/wrote .*: 4 services; next: tradewind config check /);
  const text = await readFile(file, "utf8");
  const { providers, routes } = parseConfig(text, { file });
  expect(providers).toMatchObject({
    detect: { kind: "ecs", region: "eu-west-1", service: "detect", price: "aws/g4dn.xlarge/eu-west-1" },
    digits: { kind: "cloud-run", gpu: "nvidia-l4", price: "gcp/cloud-run/l4", api: run.grpcUrl },
    detector: { kind: "app-service", plan: "vision-plan", region: "westeurope" },
    "detector-gpu": { kind: "container-apps", gpu: "t4", usdPerHour: 1 },
  });
  expect(routes[0]?.models).toContain("digits-n");
  expect(text).toMatch(/^ {2}# 1 of 1 tasks run on g4dn\.xlarge$/m);
  const check = await runTradewind(["config", "check", file]);
  expect(check).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/is valid: \d+ models?, 4 providers, 1 route/),
  });
  for (const fake of [ecs, run, apps, containers]) expect(fake.problems()).toEqual([]);
});

test("a dry init prints the file and writes none, also where there is one, and what else it has to say is beside it", async () => {
  const file = join(folder, "dry.yaml");
  const { code, stdout, stderr } = await init(...everywhere(), "--file", file, "--dry-run");
  expect(code).toBe(0);
  expect(Object.keys(parseConfig(stdout, { file }).providers)).toHaveLength(4);
  expect(stderr).toMatch(/^cloud-run newest: left out, since gpu: /m);
  expect(stderr).toMatch(/^digits +digits-[ns] +\d+ ms +\d+ ms$/m);
  await expect(access(file)).rejects.toMatchObject({ code: "ENOENT" });
  await writeFile(file, "mine");
  expect((await init(...everywhere(), "--file", file, "--dry-run", "--no-try")).code).toBe(0);
  expect(await readFile(file, "utf8")).toBe("mine");
});

test("what init found, tried and wrote is JSON for programs, and nothing else is", async () => {
  const file = join(folder, "for-programs.yaml");
  const { code, stdout, stderr } = await init(...everywhere(), "--file", file, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({ file, written: true, troubles: [], text: await readFile(file, "utf8") });
  expect(told.left_out).toContainEqual(expect.stringMatching(/^cloud-run newest: left out/));
  expect(told.services).toHaveLength(4);
  expect(told.services).toContainEqual({
    ...{ id: "digits", kind: "cloud-run", name: "digits", has_gpu: true, price: "gcp/cloud-run/l4" },
    settings: expect.objectContaining({ gpu: "nvidia-l4" }),
    notes: expect.any(Array),
    tried: {
      models: expect.arrayContaining(["digits-n"]),
      model: expect.stringMatching(/^digits-/),
      first_ms: expect.any(Number),
      next_ms: expect.any(Number),
      trouble: null,
      refused_with: null,
    },
  });
  const dry = await init(...everywhere(), "--json", "--dry-run", "--no-try");
  const { written, services } = JSON.parse(dry.stdout);
  expect([written, services[0].tried]).toEqual([false, null]);
});

test("a cloud that says no is told with the permission that is missing, and the others are written all the same", async () => {
  ecs.fail({ action: "ecs:ListClusters", times: 1, kind: "forbidden" });
  const file = join(folder, "without-aws.yaml");
  const { code, stdout, stderr } = await init(...everywhere(), "--file", file, "--no-try");
  expect(code).toBe(1);
  expect(stderr).toMatch(/^ecs: .*ecs:ListClusters/m);
  expect(stdout).toMatch(/3 services/);
  expect(Object.keys(parseConfig(await readFile(file, "utf8"), { file }).providers)).toHaveLength(3);
});

test("init writes over nothing, and wrong use of it is exit code 2", async () => {
  const file = join(folder, "mine.yaml");
  await writeFile(file, "mine");
  const { code, stderr } = await init("--aws-region", "eu-west-1", "--file", file);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/is there already: --force writes over it/)]);
  expect(await readFile(file, "utf8")).toBe("mine");
  const nowhere = await runTradewind(["init"], { AWS_REGION: "", GOOGLE_CLOUD_PROJECT: "" });
  expect([nowhere.code, nowhere.stderr]).toEqual([
    2,
    expect.stringMatching(/init knows of no cloud to look at/),
  ]);
  const odd = await init("--api", "ecs=http://example.com", "--aws-region", "eu-west-1");
  expect([odd.code, odd.stderr]).toEqual([2, expect.stringMatching(/--api: expected KIND=https/)]);
});
