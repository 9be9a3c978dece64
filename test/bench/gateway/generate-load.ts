import { type Connection, openConnection } from "../inference/exchange.ts";
import { quantile } from "../judge.ts";
import type { LoadAnswer, LoadOrder, PacedOrder } from "./load-order.ts";
import { openRequestWriter, type RequestWriter } from "./request-writer.ts";

/** The load generator: a process of its own, so that its work is nobody else's event loop. */
process.on("disconnect", () => process.exit());
process.on("message", async (order: LoadOrder) => process.send?.(await load(order)));

async function load(order: LoadOrder): Promise<LoadAnswer> {
  const many = order.kind === "closed" ? order.concurrency : mostConnections;
  const opened = await Promise.allSettled(Array.from({ length: many }, () => openLane(order)));
  const lanes = opened.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const used = process.cpuUsage();
  const from = performance.now() + order.warmUpMs;
  const to = from + order.windowMs;
  const fewest = order.kind === "closed" ? Math.max(10, 2 * order.concurrency) : 0;
  const run: Run = { from, to, end: to, fewest, latencies: [], lateness: [], errors: [], total: 0 };
  if (lanes.length < many) run.errors.push("a connection was refused");
  if (order.kind === "closed") await Promise.all(lanes.map((lane) => sendInTurn(lane, run)));
  else await sendWhenDue(lanes, order, run);
  const { user, system } = process.cpuUsage(used);
  for (const { connection } of lanes) connection[Symbol.dispose]();
  return summary(run, (user + system) / 1000);
}

/** More than are ever under way while a server keeps up; beyond it requests wait, and their wait counts. */
const mostConnections = 128;

type Lane = { readonly connection: Connection; readonly writer: RequestWriter };

async function openLane({ port, shape }: LoadOrder): Promise<Lane> {
  const writer = openRequestWriter(shape);
  return { connection: await openConnection(port), writer };
}

type Run = {
  readonly from: number;
  readonly to: number;
  /** When the last one that counts came, or `to`. */
  end: number;
  /** So many must count, however long it takes: a machine that stands still for a window measured nothing. */
  readonly fewest: number;
  readonly latencies: number[];
  readonly lateness: number[];
  readonly errors: string[];
  total: number;
};

/** What is under way when the window closes is waited for and not counted. */
async function sendInTurn(lane: Lane, run: Run): Promise<void> {
  try {
    for (let now = performance.now(); goesOn(run, now); now = performance.now()) {
      const status = await lane.connection.exchange(lane.writer.next());
      const ended = performance.now();
      run.total += 1;
      if (status !== 200) run.errors.push(`status ${status}`);
      else if (ended >= run.from && goesOn(run, ended)) {
        run.latencies.push(ended - now);
        run.end = Math.max(run.end, ended);
      }
    }
  } catch (error) {
    run.errors.push(String(error));
  }
}

function goesOn({ from, to, fewest, latencies, errors }: Run, now: number): boolean {
  return now <= to || (latencies.length < fewest && errors.length === 0 && now <= to + 10 * (to - from));
}

/** Due moments are counted from the start, so that a late timer makes nothing later than itself. */
async function sendWhenDue(lanes: readonly Lane[], order: PacedOrder, run: Run): Promise<void> {
  const free = [...lanes];
  const waiting: number[] = [];
  const underWay = new Set<Promise<void>>();
  const begun = run.from - order.warmUpMs;
  const sendOne = (lane: Lane, due: number): void => {
    const sent = sendDue(lane, due, run).then((stands) => {
      underWay.delete(sent);
      const next = waiting.shift();
      if (!stands) return;
      if (next === undefined) free.push(lane);
      else sendOne(lane, next);
    });
    underWay.add(sent);
  };
  for (let turn = 0; performance.now() < run.to; await untilNextTick()) {
    const now = performance.now();
    for (; begun + (turn * 1000) / order.perSecond <= now; turn += 1) {
      const due = begun + (turn * 1000) / order.perSecond;
      if (due >= run.from) run.lateness.push(now - due);
      const lane = free.pop();
      if (lane) sendOne(lane, due);
      else waiting.push(due);
    }
  }
  while (underWay.size > 0) await Promise.all(underWay);
}

/** Answers whether the connection may carry another. */
async function sendDue({ connection, writer }: Lane, due: number, run: Run): Promise<boolean> {
  try {
    const status = await connection.exchange(writer.next());
    run.total += 1;
    if (status !== 200) run.errors.push(`status ${status}`);
    else if (due >= run.from && due <= run.to) run.latencies.push(performance.now() - due);
    return true;
  } catch (error) {
    run.errors.push(String(error));
    return false;
  }
}

/** A millisecond is the finest that a timer does; spinning would take the core that a server needs. */
function untilNextTick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

function summary(run: Run, cpuMs: number): LoadAnswer {
  const { latencies, lateness, errors, total } = run;
  const at = (place: number) => (latencies.length === 0 ? 0 : quantile(latencies, place));
  return {
    perSecond: latencies.length / ((run.end - run.from) / 1000),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    answered: latencies.length,
    total,
    lateP99Ms: lateness.length === 0 ? 0 : quantile(lateness, 0.99),
    generatorMs: cpuMs / Math.max(1, total),
    errors: latencies.length === 0 ? ["nothing was answered in the window", ...errors] : errors.slice(0, 5),
  };
}
