import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type BackendProcess, startBackend } from "#test/support/backend-process.ts";
import { type Answered, post, squareRequest } from "#test/support/post.ts";
import { writeSlowModel } from "#test/support/slow-model.ts";
import { pendingRuns, sumOf } from "#test/support/triton-metrics.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drain-"));
  await writeSlowModel(join(folder, "slow", "1", "model.onnx"));
});
afterAll(() => rm(folder, { recursive: true }));

let backend: BackendProcess;
beforeEach(async () => {
  backend = await startBackend("--models", folder, "--workers", "1");
});
afterEach(() => backend[Symbol.asyncDispose]());

const patience = { timeout: 15_000, interval: 20 };
const quick = squareRequest(2);
/** As many runs as may wait for a model whose owner says nothing of it. */
const queueSize = 64;

const ask = (request = quick, signal?: AbortSignal): Promise<Answered> =>
  post(`${backend.url}/v2/models/slow/infer`, request, signal ? { signal } : {});

const waits = (count: number): Promise<void> =>
  vi.waitFor(async () => expect(await pendingRuns(backend.url)).toBe(count), patience);

/** Takes the only session for a second or more; what is asked from now on waits. */
async function occupy(side = 1_024): Promise<Promise<Answered>[]> {
  const long = ask(squareRequest(side));
  await vi.waitFor(async () => expect(await runsStarted()).toBe(true), patience);
  return [long];
}

/** The body has been read and nothing waits, so the run is under way. */
async function runsStarted(): Promise<boolean> {
  const left = new AbortController();
  const asked = ask(quick, left.signal).catch(() => undefined);
  const waiting = await vi
    .waitFor(async () => expect(await pendingRuns(backend.url)).toBe(1), { timeout: 200, interval: 10 })
    .then(
      () => true,
      () => false,
    );
  left.abort();
  await asked;
  return waiting;
}

const isRefused = (): Promise<boolean> =>
  fetch(`${backend.url}/v2/health/live`, { headers: { connection: "close" } }).then(
    () => false,
    () => true,
  );

test("a stop signal with a full queue lets everything that was accepted be answered", async () => {
  const [long] = await occupy(1_280);
  await waits(0);
  const accepted = Array.from({ length: queueSize }, () => ask());
  await waits(queueSize);
  expect(await ask()).toMatchObject({
    status: 503,
    code: "backend_full",
    retryAfter: "1",
    json: { error: expect.stringContaining(`${queueSize} runs`) },
  });
  backend.signal("SIGTERM");
  await expect.poll(isRefused, patience).toBe(true);
  const answers = await Promise.all([long, ...accepted]);
  expect(answers.map((answer) => answer?.status)).toEqual(answers.map(() => 200));
  expect(await backend.exit).toBe(0);
});

test("what waits for a client that left is not computed, and counts as cancelled", async () => {
  const [long] = await occupy();
  await waits(0);
  const [cancelled, computed] = [await countCancelled(), await countComputed()];
  const left = new AbortController();
  const leavers = Array.from({ length: 5 }, () => ask(quick, left.signal).catch(() => "left"));
  const stayers = Array.from({ length: 2 }, () => ask());
  await waits(7);
  left.abort();
  expect(await Promise.all(leavers)).toEqual(leavers.map(() => "left"));
  await waits(2);
  const answers = await Promise.all([long, ...stayers]);
  expect(answers.map((answer) => answer?.status)).toEqual([200, 200, 200]);
  expect(await countCancelled()).toBe(cancelled + 5);
  expect(await countComputed()).toBe(computed + 3);
});

const countCancelled = () => sumOf(backend.url, "nv_inference_request_failure", { reason: "CANCELED" });
const countComputed = () => sumOf(backend.url, "nv_inference_exec_count", { model: "slow" });

test("a kept connection is closed behind its answer once the backend stops", async () => {
  using agent = held(new Agent({ keepAlive: true, maxSockets: 1 }));
  const [long] = await occupy();
  const behind = post(`${backend.url}/v2/models/slow/infer`, quick, { agent: agent.agent });
  await waits(1);
  backend.signal("SIGTERM");
  await expect.poll(isRefused, patience).toBe(true);
  expect([(await long)?.status, (await behind).status]).toEqual([200, 200]);
  expect(await backend.exit).toBe(0);
});

test("a second stop signal ends the backend at once, whatever it is doing", async () => {
  const [long] = await occupy(2_048);
  const cut = long?.catch(() => "cut off");
  backend.signal("SIGTERM");
  await expect.poll(isRefused, patience).toBe(true);
  expect(backend.running()).toBe(true);
  const began = performance.now();
  backend.signal("SIGTERM");
  expect(await backend.exit).toBe("SIGKILL");
  expect(performance.now() - began).toBeLessThan(3_000);
  expect(await cut).toBe("cut off");
});

function held(agent: Agent): Disposable & { readonly agent: Agent } {
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}
