import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../judge.ts";
import { type Connection, openConnection } from "./exchange.ts";
import type { IdleOrder, LoadAnswer, LoadOrder } from "./load-order.ts";
import { type Requests, writeRequests } from "./requests.ts";

/** The load generator: a process of its own, so that its work is nobody else's event loop. */
const written = new Map<string, Promise<readonly Buffer[]>>();

process.on("disconnect", () => process.exit());
process.on("message", async (order: LoadOrder | IdleOrder) => {
  process.send?.(order.kind === "load" ? await load(order) : await idle(order));
});

function requestsOf(requests: Requests): Promise<readonly Buffer[]> {
  const key = JSON.stringify(requests);
  const known = written.get(key) ?? writeRequests(requests);
  written.set(key, known);
  return known;
}

async function load(order: LoadOrder): Promise<LoadAnswer> {
  const requests = await requestsOf(order.requests);
  const run: Run = {
    requests,
    next: 0,
    latencies: [],
    errors: [],
    from: 0,
    to: Infinity,
    last: 0,
    most: order.count ?? Infinity,
  };
  const ports = Array.from(
    { length: order.concurrency },
    (_, index) => order.ports[index % order.ports.length] ?? 0,
  );
  const opened = await Promise.allSettled(ports.map(openConnection));
  const connections = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  if (connections.length < order.concurrency) run.errors.push("a connection was refused");
  run.from = performance.now() + order.warmUpMs;
  if (order.windowMs !== undefined) run.to = run.from + order.windowMs;
  await Promise.all(connections.map((connection) => sendInTurn(connection, run)));
  for (const connection of connections) connection[Symbol.dispose]();
  return summary(run);
}

type Run = {
  readonly requests: readonly Buffer[];
  readonly latencies: number[];
  readonly errors: string[];
  next: number;
  from: number;
  to: number;
  last: number;
  readonly most: number;
};

/** What is under way when the window closes is waited for and not counted. */
async function sendInTurn(connection: Connection, run: Run): Promise<void> {
  try {
    while (performance.now() < run.to && run.next < run.most) {
      const request = run.requests[run.next % run.requests.length] ?? Buffer.alloc(0);
      run.next += 1;
      const started = performance.now();
      const status = await connection.exchange(request);
      run.last = performance.now();
      if (status !== 200) run.errors.push(`status ${status}`);
      else if (run.last >= run.from && run.last <= run.to) run.latencies.push(run.last - started);
    }
  } catch (error) {
    run.errors.push(String(error));
  }
}

function summary({ latencies, errors, from, to, last }: Run): LoadAnswer {
  return {
    perSecond: latencies.length / ((Math.min(to, last) - from) / 1000),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    answered: latencies.length,
    errors: errors.slice(0, 5),
  };
}

/** A sink reads into one buffer and looks at nothing, so that little more than the sending is paid for. */
async function idle({ requests: wanted, perSecond, windowMs }: IdleOrder): Promise<LoadAnswer> {
  const requests = await requestsOf(wanted);
  const sink = createServer({ noDelay: true }).listen(0, "127.0.0.1");
  await once(sink, "listening");
  sink.on("connection", (socket) => socket.resume());
  const socket = connect((sink.address() as AddressInfo).port, "127.0.0.1");
  await once(socket, "connect");
  const started = performance.now();
  let sent = 0;
  for (let now = started; now < started + windowMs; now = performance.now()) {
    for (; sent < ((now - started) / 1000) * perSecond; sent += 1) {
      socket.write(requests[sent % requests.length] ?? Buffer.alloc(0));
    }
    await sleep(5);
  }
  socket.destroy();
  sink.close();
  return { perSecond: sent / (windowMs / 1000), p50Ms: 0, p99Ms: 0, answered: sent, errors: [] };
}
