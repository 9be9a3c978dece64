import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type Lifecycle, runProcess } from "#infra/runtime/lifecycle.ts";

function world({ parent = false }: { readonly parent?: boolean } = {}) {
  const sent: unknown[] = [];
  const complaints: string[] = [];
  const process = Object.assign(
    new EventEmitter(),
    parent ? { send: (message: unknown) => sent.push(message) } : {},
  );
  let stops = 0;
  const options = {
    process,
    complain: (line: string) => void complaints.push(line),
    stopAtOnce: () => {
      stops += 1;
    },
  };
  return { process, options, sent, complaints, stops: () => stops };
}

test("a process that drains after a signal ends with 0 and closes what it opened in reverse", async () => {
  const { process, options } = world();
  const closed: string[] = [];
  const code = await runProcess(async (life) => {
    life.resources.defer(() => void closed.push("database"));
    life.resources.defer(() => void closed.push("server"));
    life.announce({ url: "http://x" });
    process.emit("SIGTERM");
  }, options);
  expect({ code, closed }).toEqual({ code: 0, closed: ["server", "database"] });
});

test("readiness is gone before the first resource begins to close", async () => {
  const { process, options } = world();
  let readyWhileClosing: boolean | undefined;
  let readyBefore: boolean | undefined;
  await runProcess(async (life) => {
    life.resources.defer(() => {
      readyWhileClosing = life.ready;
    });
    life.announce({ url: "http://x" });
    readyBefore = life.ready;
    process.emit("SIGINT");
  }, options);
  expect({ readyBefore, readyWhileClosing }).toEqual({ readyBefore: true, readyWhileClosing: false });
});

test("work in hand is waited for before the process ends", async () => {
  const { process, options } = world();
  const work = Promise.withResolvers<void>();
  let ended = false;
  const running = runProcess(async (life) => {
    life.resources.defer(() => work.promise);
    process.emit("SIGTERM");
  }, options).then(() => {
    ended = true;
  });
  await new Promise(setImmediate);
  expect(ended).toBe(false);
  work.resolve();
  await running;
  expect(ended).toBe(true);
});

test("a second signal stops at once, in the middle of a drain", async () => {
  const { process, options, stops } = world();
  const work = Promise.withResolvers<void>();
  const running = runProcess(async (life) => {
    life.resources.defer(() => work.promise);
    process.emit("SIGINT");
  }, options);
  expect(stops()).toBe(0);
  process.emit("SIGINT");
  expect(stops()).toBe(1);
  work.resolve();
  await running;
});

test("a drain that outlasts its grace is cut short with a word about it", async () => {
  const { process, options, complaints, stops } = world();
  const work = Promise.withResolvers<void>();
  const running = runProcess(
    async (life) => {
      life.resources.defer(() => work.promise);
      process.emit("SIGTERM");
    },
    { ...options, graceMs: 10 },
  );
  await expect.poll(stops).toBe(1);
  expect(complaints).toEqual(["still busy 0.01 s after the stop signal: stopping at once"]);
  work.resolve();
  await running;
});

test("a start that does not notice the stop signal is cut short as well", async () => {
  const { process, options, stops } = world();
  const connected = Promise.withResolvers<void>();
  const running = runProcess(() => connected.promise, { ...options, graceMs: 10 });
  process.emit("SIGTERM");
  await expect.poll(stops).toBe(1);
  connected.resolve();
  expect(await running).toBe(0);
});

test("a start that fails says so in one line, closes what stood already and ends with 1", async () => {
  const { options, complaints } = world();
  let closed = false;
  const code = await runProcess(async (life) => {
    life.resources.defer(() => {
      closed = true;
    });
    throw new TradewindError("port_unavailable", "port 80 is taken", { hint: "choose another" });
  }, options);
  expect({ code, closed, complaints }).toEqual({
    code: 1,
    closed: true,
    complaints: ["port 80 is taken: choose another"],
  });
});

test("a process with a parent tells the parent what is wrong instead of the terminal", async () => {
  const { options, complaints, sent } = world({ parent: true });
  await runProcess(() => Promise.reject(new TradewindError("internal", "no")), options);
  expect({ complaints, sent }).toEqual({ complaints: [], sent: [{ failed: "no" }] });
});

test("a stop signal during the start is no failure", async () => {
  const { process, options, complaints } = world();
  const code = await runProcess(async (life) => {
    process.emit("SIGINT");
    life.stopping.throwIfAborted();
  }, options);
  expect({ code, complaints }).toEqual({ code: 0, complaints: [] });
});

test("a child whose parent is gone drains", async () => {
  const { process, options } = world({ parent: true });
  expect(
    await runProcess(async () => {
      process.emit("disconnect");
    }, options),
  ).toBe(0);
});

test("a process that loses what it cannot live without drains and ends with 1", async () => {
  const { options, complaints } = world();
  let life: Lifecycle | undefined;
  const running = runProcess(async (given) => {
    life = given;
  }, options);
  life?.fail(new TradewindError("internal", "the backend is gone"));
  expect(await running).toBe(1);
  expect(complaints).toEqual(["the backend is gone"]);
});

test("nobody listens for signals any more once a process is over", async () => {
  const { process, options } = world();
  await runProcess(async () => {
    process.emit("SIGTERM");
  }, options);
  expect(process.eventNames()).toEqual([]);
});
