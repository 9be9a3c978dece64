import { expect, test, vi } from "vitest";
import { openWorkers } from "#gateway/workers/open-workers.ts";
import type { TradewindError } from "#infra/runtime/errors.ts";
import { createLog } from "#infra/runtime/log.ts";
import { createFakeClock } from "#test/support/fake-clock.ts";
import { createFakeWorkers, type FakeWorker } from "./fake-workers.ts";

const order = { configFile: "a.yaml", configText: "models: {}", host: "127.0.0.1", port: 8080 };
const url = "http://127.0.0.1:8080";
const killed = { clean: false, how: "SIGKILL" };

const soon = (holds: () => void): Promise<void> => vi.waitFor(holds, { interval: 1 });

function crew(count = 2) {
  const { fork, all } = createFakeWorkers();
  const clock = createFakeClock();
  const lines: string[] = [];
  const log = createLog({ name: "test", destination: { write: (line) => void lines.push(line) } });
  const stop = new AbortController();
  const gone: TradewindError[] = [];
  let kill = (): void => {};
  const opening = openWorkers({
    count,
    order,
    fork,
    clock,
    log,
    signal: stop.signal,
    onKill: (given) => {
      kill = given;
    },
    onGone: (error) => void gone.push(error),
  });
  opening.catch(() => undefined);
  const worker = (place: number): FakeWorker => {
    const found = all[place];
    if (!found) throw new Error(`worker ${place} was not started`);
    return found;
  };
  const started = (most: number): Promise<void> => soon(() => expect(all).toHaveLength(most));
  return { opening, all, worker, started, clock, lines, stop, gone, kill: () => kill() };
}

async function opened(count = 2) {
  const made = crew(count);
  for (let place = 0; place < count; place += 1) made.worker(place).say({ ready: { url } });
  return { ...made, workers: await made.opening };
}

test("each worker is told which of how many it is and what to serve", async () => {
  const { all } = await opened(3);
  expect(all.map(({ heard }) => heard)).toEqual(
    [1, 2, 3].map((number) => [{ kind: "serve", number, workers: 3, ...order }]),
  );
});

test("workers are open when the last of them is ready, at the address that all share", async () => {
  const { opening, worker } = crew();
  let isOpen = false;
  void opening.then(() => {
    isOpen = true;
  });
  worker(0).say({ ready: { url } });
  await new Promise(setImmediate);
  expect(isOpen).toBe(false);
  worker(1).say({ ready: { url } });
  expect((await opening).url).toBe(url);
});

test("a worker that can't start at all ends the others and its words become everybody's", async () => {
  const { opening, worker, all } = crew(3);
  worker(0).say({ ready: { url } });
  worker(1).say({ failed: "port 80 is taken: choose another" });
  worker(1).end({ clean: false, how: "exit code 1" });
  await soon(() => expect(worker(0).heard.at(-1)).toEqual({ kind: "stop" }));
  worker(0).end();
  worker(2).end();
  await expect(opening).rejects.toMatchObject({
    code: "internal",
    message: "port 80 is taken: choose another",
  });
  expect(all).toHaveLength(3);
});

test("a worker that ends at its start without a word is named with how it ended", async () => {
  const { opening, worker } = crew();
  worker(1).end({ clean: false, how: "SIGSEGV" });
  worker(0).end();
  await expect(opening).rejects.toThrow("worker 2 ended with SIGSEGV before it was ready");
});

test("a start of workers that is given up ends those that started already", async () => {
  const { opening, worker, stop } = crew();
  stop.abort(new Error("given up"));
  await soon(() => expect(worker(1).heard.at(-1)).toEqual({ kind: "stop" }));
  worker(0).end();
  worker(1).end();
  await expect(opening).rejects.toThrow("given up");
});

test("another worker follows one that died, with its number, after a tenth of a second", async () => {
  const { worker, all, started, clock, lines } = await opened();
  worker(1).end(killed);
  await soon(() => expect(lines.join()).toContain("a worker ended, and another follows"));
  clock.advance(99);
  await new Promise(setImmediate);
  expect(all).toHaveLength(2);
  clock.advance(1);
  await started(3);
  expect(worker(2).heard).toEqual([{ kind: "serve", number: 2, workers: 2, ...order }]);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    level: "warn",
    worker: 2,
    how: "SIGKILL",
    pauseMs: 100,
  });
});

test("pauses before another worker double while they end soon, up to ten seconds, and begin anew after a steady one", async () => {
  const { worker, started, clock, lines } = await opened();
  const pauses = () => lines.map((line) => JSON.parse(line).pauseMs);
  for (let died = 0; died < 9; died += 1) {
    worker(died === 0 ? 1 : died + 1).end(killed);
    await soon(() => expect(lines).toHaveLength(died + 1));
    clock.advance(10_000);
    await started(died + 3);
  }
  expect(pauses()).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  worker(10).say({ ready: { url } });
  clock.advance(30_000);
  worker(10).end(killed);
  await soon(() => expect(pauses().at(-1)).toBe(100));
});

test("a worker that can't start again is tried again as long as another serves", async () => {
  const { worker, started, clock, lines, gone } = await opened();
  worker(1).end(killed);
  await soon(() => expect(lines).toHaveLength(1));
  clock.advance(100);
  await started(3);
  worker(2).say({ failed: "cannot reach PostgreSQL" });
  worker(2).end({ clean: false, how: "exit code 1" });
  await soon(() => expect(lines).toHaveLength(2));
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ why: "cannot reach PostgreSQL", pauseMs: 200 });
  expect(gone).toEqual([]);
});

test("when nobody serves any more and another can't start, its words end everything", async () => {
  const { worker, started, clock, lines, gone } = await opened();
  worker(0).end(killed);
  worker(1).end(killed);
  await soon(() => expect(lines).toHaveLength(2));
  expect(gone).toEqual([]);
  clock.advance(100);
  await started(4);
  for (const place of [2, 3]) {
    worker(place).say({ failed: "cannot reach PostgreSQL" });
    worker(place).end({ clean: false, how: "exit code 1" });
  }
  await soon(() => expect(gone).toHaveLength(1));
  expect(gone[0]?.message).toBe("cannot reach PostgreSQL");
});

test("closing workers tells each of them once and waits for the slowest", async () => {
  const { workers, worker } = await opened();
  let isClosed = false;
  const closing = Promise.all([workers.close(), workers.close()]).then(() => {
    isClosed = true;
  });
  for (const place of [0, 1]) expect(worker(place).heard.slice(1)).toEqual([{ kind: "stop" }]);
  worker(0).end();
  await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  worker(1).end();
  await closing;
});

test("workers that were cut off in the middle of something make the close say which", async () => {
  const { workers, worker } = await opened();
  const closing = workers.close();
  worker(0).end();
  worker(1).end(killed);
  await expect(closing).rejects.toThrow("not everything in hand was finished: worker 2 (SIGKILL)");
});

test("closing in a pause lets nobody follow and loses nothing", async () => {
  const { workers, worker, all, clock, lines } = await opened();
  worker(1).end(killed);
  await soon(() => expect(lines).toHaveLength(1));
  const closing = workers.close();
  worker(0).end();
  await closing;
  clock.advance(60_000);
  await new Promise(setImmediate);
  expect(all).toHaveLength(2);
});

test("a worker that ends while it starts, after it was told to stop, had nothing in hand to lose", async () => {
  const { workers, worker, started, clock, lines } = await opened();
  worker(1).end(killed);
  await soon(() => expect(lines).toHaveLength(1));
  clock.advance(100);
  await started(3);
  const closing = workers.close();
  worker(0).end();
  worker(2).end({ clean: false, how: "SIGINT" });
  await closing;
});

test("killing ends every worker at once, and none follows", async () => {
  const { kill, all, clock } = await opened(3);
  kill();
  expect(all.map((worker) => worker.killed())).toEqual([true, true, true]);
  await new Promise(setImmediate);
  clock.advance(60_000);
  await new Promise(setImmediate);
  expect(all).toHaveLength(3);
});
