import { hash } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { FromWorker, ServeOrder, ToWorker } from "#gateway/workers/messages.ts";
import { runWorker } from "#gateway/workers/run-worker.ts";

let folder: string;
let order: ServeOrder;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "run-worker-"));
  const configFile = join(folder, "tradewind.yaml");
  await writeFile(
    join(folder, "keys.yaml"),
    `keys: [{ id: "000000000000", name: x, hash: "${hash("sha256", "x")}" }]\n`,
  );
  const configText = `models: { m: { source: x } }
providers: { p: { kind: static, urls: ["http://127.0.0.1:1"] } }
routes: [{ models: [m], failover: [[p]] }]
records: file
`;
  order = { kind: "serve", number: 2, workers: 4, configFile, configText, host: "127.0.0.1", port: 0 };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A worker's process within this one. */
function start() {
  const told: FromWorker[] = [];
  const kills: string[] = [];
  const process = Object.assign(new EventEmitter(), {
    env: { LOG_LEVEL: "silent" },
    stderr: { write: () => true },
    pid: 1,
    kill: (_: number, signal: string) => kills.push(signal),
    send: (message: unknown) => told.push(message as FromWorker),
  });
  const tell = (message: ToWorker): boolean => process.emit("message", message);
  const ended = runWorker(process);
  return { process, told, kills, tell, ended };
}

async function startReady() {
  const worker = start();
  worker.tell(order);
  await vi.waitFor(() => expect(worker.told).toHaveLength(1), { timeout: 10_000, interval: 5 });
  return worker;
}

test("a worker serves what it is told and drains when its primary says so", async () => {
  const { told, tell, ended } = await startReady();
  const [first] = told;
  const url = first && "ready" in first ? first.ready.url : "";
  expect(await (await fetch(`${url}/livez`)).json()).toEqual({ live: true });
  tell({ kind: "stop" });
  expect(await ended).toBe(0);
});

test("the terminal's signals are not a worker's to answer, neither alone nor beside its primary's word", async () => {
  const { process, kills, tell, ended } = await startReady();
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  process.emit("SIGINT");
  process.emit("SIGINT");
  process.emit("SIGTERM");
  await new Promise(setImmediate);
  expect(isOver).toBe(false);
  tell({ kind: "stop" });
  process.emit("SIGINT");
  expect(await ended).toBe(0);
  expect(kills).toEqual([]);
});

test("a worker drains when its primary is gone", async () => {
  const { process, ended } = await startReady();
  process.emit("disconnect");
  expect(await ended).toBe(0);
});

test("a worker that is told to stop before it was told what to serve ends without serving", async () => {
  const { tell, told, ended } = start();
  tell({ kind: "stop" });
  expect(await ended).toBe(0);
  expect(told).toEqual([]);
});

test("a worker that cannot start says why and ends with 1", async () => {
  const { tell, told, ended } = start();
  tell({ ...order, configText: order.configText.replace("records: file", "") });
  expect(await ended).toBe(1);
  expect(told).toEqual([{ failed: expect.stringMatching(/^DATABASE_URL is not set: /) }]);
});

test("a worker tells its own part of the metrics when it is asked", async () => {
  const { tell, told, ended } = await startReady();
  tell({ kind: "tell", round: 7 });
  await vi.waitFor(() => expect(told).toHaveLength(2), { interval: 1 });
  expect(told[1]).toMatchObject({
    round: 7,
    told: expect.arrayContaining([expect.objectContaining({ name: "tradewind_request_seconds" })]),
  });
  tell({ kind: "stop" });
  await ended;
});
