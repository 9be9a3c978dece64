import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type BackendProcess, startBackend } from "#test/support/backend-process.ts";
import { post, squareRequest } from "#test/support/post.ts";
import { descendants, processName } from "#test/support/process-tree.ts";
import { writeSlowModel } from "#test/support/slow-model.ts";
import { pendingRuns, sumOf } from "#test/support/triton-metrics.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isolation-"));
  await writeSlowModel(join(folder, "slow", "1", "model.onnx"));
});
afterAll(() => rm(folder, { recursive: true }));

const start = (...args: readonly string[]): Promise<BackendProcess> =>
  startBackend("--models", folder, ...args);
const inferUrl = ({ url }: BackendProcess): string => `${url}/v2/models/slow/infer`;
const quick = squareRequest(2);
/** Many seconds of one core, whatever else the machine does. */
const endless = squareRequest(2_048);
const patience = { timeout: 15_000, interval: 50 };

/** Begins a run that goes on for long, and a quick one that waits behind it: then the first is under way for certain. */
async function oneBehindTheOther(backend: BackendProcess) {
  const long = post(inferUrl(backend), endless);
  long.catch(() => {});
  await vi.waitFor(async () => expect(await isBusy(backend)).toBe(true), patience);
  return { long };
}

/** A quick run has to wait only where every session is at work. */
async function isBusy(backend: BackendProcess): Promise<boolean> {
  const left = new AbortController();
  const asked = post(inferUrl(backend), quick, { signal: left.signal }).catch(() => undefined);
  const waits = await vi
    .waitFor(async () => expect(await pendingRuns(backend.url)).toBe(1), { timeout: 300, interval: 20 })
    .then(
      () => true,
      () => false,
    );
  left.abort();
  await asked;
  return waits;
}

test("a killed worker fails only the run it had; the one that waits is answered by its successor", async () => {
  await using backend = await start("--isolate", "--workers", "1");
  const [worker = 0] = await descendants(backend.pid);
  const { long } = await oneBehindTheOther(backend);
  const behind = post(inferUrl(backend), quick);
  await vi.waitFor(async () => expect(await pendingRuns(backend.url)).toBe(1), patience);
  process.kill(worker, "SIGKILL");
  expect(await long).toMatchObject({
    status: 500,
    code: "internal",
    json: { error: "the model's worker died" },
  });
  expect((await behind).status).toBe(200);
  await vi.waitFor(
    async () => expect((await fetch(`${backend.url}/v2/health/ready`)).status).toBe(200),
    patience,
  );
  const successors = await descendants(backend.pid);
  expect(successors).toHaveLength(1);
  expect(successors).not.toContain(worker);
  expect(await sumOf(backend.url, "tradewind_backend_workers_replaced_total", { why: "died" })).toBe(1);
  expect(await backend.stop()).toBe(0);
});

test("a run that takes too long is killed alone, while others are answered", async () => {
  await using backend = await start("--isolate", "--workers", "2", "--run-timeout", "1s");
  const before = await descendants(backend.pid);
  const long = post(inferUrl(backend), endless);
  const others = await Promise.all(Array.from({ length: 4 }, () => post(inferUrl(backend), quick)));
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await long).toMatchObject({
    status: 500,
    code: "internal",
    json: { error: "a run took longer than 1 s" },
  });
  expect((await fetch(`${backend.url}/v2/health/ready`)).status).toBe(200);
  await vi.waitFor(async () => {
    const after = await descendants(backend.pid);
    expect(after).toHaveLength(2);
    expect(after.filter((pid) => before.includes(pid))).toHaveLength(1);
  }, patience);
  expect(await backend.stop()).toBe(0);
});

test("a killed backend leaves no worker behind, not even one that is inside a run", async () => {
  await using backend = await start("--isolate", "--workers", "2");
  const workers = await descendants(backend.pid);
  expect(workers).toHaveLength(2);
  const long = post(inferUrl(backend), endless).catch(() => "cut off");
  const sent = post(inferUrl(backend), endless).catch(() => "cut off");
  await vi.waitFor(async () => expect(await isBusy(backend)).toBe(true), patience);
  backend.signal("SIGKILL");
  expect(await Promise.all([long, sent])).toEqual(["cut off", "cut off"]);
  await vi.waitFor(
    async () => expect(await Promise.all(workers.map(processName))).toEqual([undefined, undefined]),
    { timeout: 5_000, interval: 50 },
  );
});

test("without isolation a run that hangs makes the process unready and ends it for a restart", async () => {
  await using backend = await start("--workers", "1", "--run-timeout", "250ms");
  const probe = await beginProbe(backend);
  const long = await post(inferUrl(backend), squareRequest(1_024));
  expect(long).toMatchObject({
    status: 500,
    code: "internal",
    json: { error: "a run took longer than 0.25 s" },
  });
  expect(await probe()).toMatch(/^HTTP\/1\.1 503 .*"ready":false/s);
  await expect(fetch(`${backend.url}/v2/health/ready`)).rejects.toThrow();
  expect([1, "SIGKILL"]).toContain(await backend.exit);
});

/** A question whose last bytes are sent when the answer is wanted: from then on nobody new is let in. */
async function beginProbe({ port, host }: BackendProcess): Promise<() => Promise<string>> {
  const socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk;
  });
  const closed = once(socket, "close");
  await new Promise((done) => socket.write(`GET /v2/health/ready HTTP/1.1\r\nhost: ${host}\r\n`, done));
  return async () => {
    socket.write("connection: close\r\n\r\n");
    await closed;
    return heard;
  };
}
