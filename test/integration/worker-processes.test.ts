import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { ask, metric, startGateway } from "#test/gateway/workers/gateway-process.ts";
import { createGatewayWorld, detect, type GatewayWorld } from "#test/gateway/workers/gateway-world.ts";
import { isRunning } from "#test/support/postgres.ts";
import { descendants } from "#test/support/process-tree.ts";
import { type Outcome, repository, runTradewind } from "#test/support/run-tradewind.ts";

let world: GatewayWorld;
beforeAll(async () => {
  world = await createGatewayWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => world.letGo());

/** A machine with other work takes its time. */
const soon = { timeout: 10_000 };

const codeOf = (error: NodeJS.ErrnoException): string => error.code ?? error.name;

const allGone = async (pids: readonly number[]): Promise<boolean> =>
  (await Promise.all(pids.map(isRunning))).every((runs) => !runs);

test("a worker that is killed under traffic costs at most what it had in hand, and comes back", async () => {
  const config = await world.configure(2);
  await using gateway = await startGateway(config);
  // A worker that follows serves what the others serve, whatever became of the file.
  await writeFile(config, "nonsense");
  const [first = 0, second = 0] = await gateway.workers();
  const asking = new AbortController();
  onTestFinished(() => asking.abort());
  let [answered, lost] = [0, 0];
  const caller = async (): Promise<void> => {
    while (!asking.signal.aborted) {
      const answer = await ask(`${gateway.url}/v1/models`, { key: world.free }).catch(() => undefined);
      if (answer?.status === 200) answered += 1;
      else lost += 1;
    }
  };
  const callers = Array.from({ length: 4 }, caller);
  await expect.poll(() => answered, soon).toBeGreaterThan(50);
  process.kill(first, "SIGKILL");
  const before = answered;
  await expect.poll(gateway.workers, soon).toHaveLength(2);
  const known: unknown[] = [first, second, gateway.pid];
  const isBack = () =>
    gateway.lines().some(({ msg, pid }) => msg === "the gateway is ready" && !known.includes(pid));
  await expect.poll(isBack, soon).toBe(true);
  expect(answered).toBeGreaterThan(before);
  asking.abort();
  await Promise.all(callers);
  expect(lost).toBeLessThanOrEqual(4);
  expect(await isRunning(second)).toBe(true);
  const { text } = await ask(`${gateway.url}/metrics`, { key: world.free });
  expect(metric(text, "tradewind_worker_restarts_total")).toEqual([1]);
  const counted = [
    ...text.matchAll(/^tradewind_request_seconds_count\{route="GET \/v1\/models".*\} (\d+)$/gm),
  ];
  // Nobody had asked for the sum while the first lived, so only its own part may be missing.
  expect(Number(counted[0]?.[1])).toBeGreaterThan(0);
});

test("Ctrl-C in a terminal reaches every process, and all workers still finish what they have in hand", async () => {
  await using gateway = await startGateway(await world.configure(2));
  const pids = await gateway.workers();
  world.hold();
  const bodies = await Promise.all([1, 2, 3, 4].map(() => world.freshImage()));
  const answers = bodies.map((body) => ask(gateway.url + detect, { key: world.free, body }));
  await expect.poll(() => world.held(), soon).toBe(4);
  gateway.signal("SIGINT", "group");
  const knock = (): Promise<string> => ask(`${gateway.url}/livez`).then(() => "open", codeOf);
  await expect.poll(knock, soon).toBe("ECONNREFUSED");
  expect((await Promise.all(pids.map(isRunning))).every(Boolean)).toBe(true);
  world.letGo();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await gateway.ended).toBe(0);
  expect(await allGone(pids)).toBe(true);
});

test("a second signal to the primary stops it and all its workers at once", async () => {
  await using gateway = await startGateway(await world.configure(2));
  const pids = await gateway.workers();
  world.hold();
  const body = await world.freshImage();
  const answer = ask(gateway.url + detect, { key: world.free, body }).catch(codeOf);
  await expect.poll(() => world.held(), soon).toBe(1);
  gateway.signal("SIGTERM");
  await expect.poll(gateway.workers, soon).toHaveLength(1);
  gateway.signal("SIGTERM");
  expect(await gateway.ended).toBe("SIGKILL");
  expect(await answer).toBe("ECONNRESET");
  await expect.poll(() => allGone(pids), soon).toBe(true);
});

test("workers whose primary was killed answer what they have in hand and end", async () => {
  await using gateway = await startGateway(await world.configure(2));
  const pids = await gateway.workers();
  world.hold();
  const answer = ask(gateway.url + detect, { key: world.free, body: await world.freshImage() });
  await expect.poll(() => world.held(), soon).toBe(1);
  gateway.signal("SIGKILL");
  expect(await gateway.ended).toBe("SIGKILL");
  const running = async () => (await Promise.all(pids.map(isRunning))).filter(Boolean);
  await expect.poll(running, soon).toHaveLength(1);
  world.letGo();
  expect((await answer).status).toBe(200);
  await expect.poll(() => allGone(pids), soon).toBe(true);
});

test.each([1, 3])("a start of %i workers that can't be says why in one line, and once", async (workers) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const serve = async (more: string): Promise<Outcome> => {
    const args = ["serve", "--config", await world.configure(workers, more), "--port", `${port}`];
    return await runTradewind(args, { LOG_LEVEL: "error" });
  };
  const saying = (line: RegExp) => ({ code: 1, stdout: "", stderr: expect.stringMatching(line) });
  const taken = new RegExp(
    `^tradewind: port ${port} on 127.0.0.1 is already in use: stop what .* --port\\n$`,
  );
  expect(await serve("records: file\n")).toEqual(saying(taken));
  expect(await serve("")).toEqual(saying(/^tradewind: DATABASE_URL is not set: .*\n$/));
  expect(await serve("record: file\n")).toEqual(
    saying(/^tradewind: (?!.*worker \d)[^\n]*\.yaml.*record.*\n$/s),
  );
  server.close();
});

test("workers tell whoever started their primary once that they are ready, and drain when it is gone", async () => {
  const args = ["--config", await world.configure("auto"), "--port", "0"];
  const child = fork(join(repository, "gateway/main.ts"), args, {
    env: { ...process.env, LOG_LEVEL: "silent" },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const told: unknown[] = [];
  child.on("message", (message) => told.push(message));
  await once(child, "message", { signal: AbortSignal.timeout(25_000) });
  const { url } = (told[0] as { ready: { url: string } }).ready;
  const pids = await descendants(child.pid ?? 0);
  expect((await ask(`${url}/livez`)).status).toBe(200);
  child.disconnect();
  const [code] = await once(child, "exit");
  expect({ code, told }).toEqual({ code: 0, told: [{ ready: { url } }] });
  expect(await allGone(pids)).toBe(true);
});
