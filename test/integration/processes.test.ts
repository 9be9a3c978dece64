import { EventEmitter } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApiKey } from "#gateway/records/api-key.ts";
import { storeKey } from "#gateway/records/keys.ts";
import { migrations } from "#gateway/records/open-records.ts";
import { runGateway } from "#gateway/run.ts";
import { runInference } from "#inference/run.ts";
import { backend as backendCommand } from "#infra/command/backend.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { openDatabase } from "#infra/runtime/postgres/database.ts";
import { migrate } from "#infra/runtime/postgres/migrate.ts";
import { writeColourModel } from "#test/support/colour-model.ts";
import { startPostgres, type ThrowAwayPostgres } from "#test/support/postgres.ts";
import { startRedisServer } from "#test/support/redis-server.ts";

let folder: string;
let postgres: ThrowAwayPostgres;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "processes-"));
  postgres = await startPostgres();
  await writeColourModel(join(folder, "models", "colours", "1", "model.onnx"));
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** A process of ours inside this one: its signals are events, and what it tells its parent is kept. */
function host(env: Record<string, string> = {}) {
  const told: { ready?: { url: string }; failed?: string }[] = [];
  const process = Object.assign(new EventEmitter(), {
    env: { LOG_LEVEL: "silent", ...env },
    stderr: { write: () => true },
    pid: 0,
    arch: "x64",
    memoryUsage: { rss: () => 0 },
    constrainedMemory: () => 0,
    kill: () => true,
    send: (message: unknown) => told.push(message as (typeof told)[number]),
  });
  const url = async (): Promise<string> => {
    await expect.poll(() => told.length, { timeout: 20_000 }).toBeGreaterThan(0);
    return told[0]?.ready?.url ?? `failed: ${told[0]?.failed}`;
  };
  return { process, url, stop: () => process.emit("SIGTERM") };
}

test("a gateway with PostgreSQL and Redis passes an image to a backend and both drain with 0", async () => {
  await using redis = await startRedisServer();
  const { text: key, record } = createApiKey("test", systemChance);
  {
    await using database = await openDatabase({ url: postgres.url });
    await migrate(database, migrations);
    await storeKey(database, record, { signal: AbortSignal.timeout(5_000) });
  }
  const backend = host();
  const backendEnds = runInference(backend.process, [
    "--models",
    join(folder, "models"),
    "--port",
    "0",
    "--workers",
    "1",
  ]);
  const config = join(folder, "tradewind.yaml");
  await writeFile(
    config,
    `models: { colours: { source: x } }
providers: { here: { kind: static, urls: ["${await backend.url()}"] } }
routes: [{ models: [colours], failover: [[here]] }]
`,
  );
  const gateway = host({ DATABASE_URL: postgres.url, REDIS_URL: redis.url });
  const gatewayEnds = runGateway(gateway.process, ["--config", config, "--port", "0"]);
  const url = await gateway.url();
  expect(await (await fetch(`${url}/readyz`)).json()).toEqual({
    ready: true,
    process: "ready",
    backends: "ready",
    soft_state: "ready",
    configuration: "current",
    configuration_version: expect.any(Number),
  });
  const image = await sharp({ create: { width: 64, height: 48, channels: 3, background: "#00ff00" } })
    .png()
    .toBuffer();
  const response = await fetch(`${url}/v1/models/colours/detect`, {
    method: "POST",
    body: image,
    headers: { authorization: `Bearer ${key}` },
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    model: "colours",
    image: { width: 64, height: 48 },
    backend: "here",
  });
  gateway.stop();
  expect(await gatewayEnds).toBe(0);
  backend.stop();
  expect(await backendEnds).toBe(0);
});

test("a gateway whose configuration is not there says so and ends with 1", async () => {
  const gateway = host();
  const ends = runGateway(gateway.process, ["--config", join(folder, "nowhere.yaml"), "--port", "0"]);
  expect(await gateway.url()).toMatch(/^failed: cannot read .*nowhere\.yaml \(ENOENT\)$/);
  expect(await ends).toBe(1);
});

test("a backend that is given no model says what to give it", async () => {
  const backend = host();
  const ends = runInference(backend.process, ["--port", "0"]);
  expect(await backend.url()).toMatch(/^failed: give either --models .* --model .*/);
  expect(await ends).toBe(1);
  expect(await backendCommand(["--workers", "none", "--model", "x"])).toBe(1);
});
