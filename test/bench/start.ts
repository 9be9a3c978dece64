import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Tradewind } from "../support/launch-tradewind.ts";
import { launchTradewind } from "../support/launch-tradewind.ts";
import { descendants, mappedFiles, processName, proportionalBytes } from "../support/process-tree.ts";
import type { Bench, BenchContext, Measure, Measured } from "./bench.ts";
import { forbiddenLoads } from "./forbidden-loads.ts";
import { interleave } from "./interleave.ts";

export const startBench: Bench = {
  name: "start",
  describe: "what a newcomer waits for: npm ci, the first start, the next one, and what lies in memory then",
  run: measureStart,
};

/** The numbers are those of the commit: what is timed is a clean clone of it. A smoke starts the checkout itself. */
async function* measureStart(context: BenchContext): AsyncIterable<Measured> {
  const clone = join(context.folder, "clone");
  if (!context.quick) yield* measureInstall(context, clone);
  const checkout = context.quick ? context.root : clone;
  yield* measureStarts(context, checkout);
  yield await measureLoads(context, checkout);
}

async function* measureInstall(context: BenchContext, clone: string): AsyncIterable<Measured> {
  await run("git", ["clone", "--quiet", context.root, clone], context);
  const started = performance.now();
  await run("npm", ["ci", "--no-audit", "--no-fund"], context, clone);
  const seconds = (performance.now() - started) / 1000;
  const { stdout } = await run("du", ["-sk", "node_modules"], context, clone);
  const megabytes = (Number.parseInt(stdout, 10) * 1024) / 1e6;
  const note = "one round, as it takes most of a minute; npm's cache as this machine has it";
  yield { ...limit("npm ci", "time", "s"), ours: [seconds], note };
  yield { ...limit("npm ci", "node_modules on disk", "MB"), ours: [megabytes], note };
}

async function* measureStarts(context: BenchContext, checkout: string): AsyncIterable<Measured> {
  const { signal } = context;
  const measureRound = ({ round }: { readonly round: number }) =>
    startTwice(context, checkout, `data-${round}`);
  const [rounds = []] = await interleave([measureRound], { rounds: context.rounds(), signal });
  const note = "npm start, npm's own third of a second included, to the printed curl line";
  yield {
    ...limit("first start", "ready", "s", { floor: 15 }),
    ours: rounds.map((round) => round.firstSeconds),
    note: `${note}; an empty data folder`,
  };
  yield {
    ...limit("second start", "ready", "s", { floor: 5, aim: 2 }),
    ours: rounds.map((round) => round.secondSeconds),
    note: `${note}; the data folder of the first`,
  };
  yield {
    ...limit("at rest", "memory", "MB"),
    ours: rounds.map((round) => round.restMegabytes),
    note: "PSS of supervisor, gateway, backend and PostgreSQL with its workers; npm and its shell are left out",
  };
}

type StartRound = {
  readonly firstSeconds: number;
  readonly secondSeconds: number;
  readonly restMegabytes: number;
};

async function startTwice(context: BenchContext, checkout: string, name: string): Promise<StartRound> {
  const data = join(context.folder, name);
  const npmStart = { command: "npm", args: ["start", "--", "--data", data, "--port", "0"], cwd: checkout };
  const first = await launchTradewind({ ...npmStart, signal: context.signal });
  await stopCleanly(first);
  await using second = await launchTradewind({ ...npmStart, signal: context.signal });
  const restMegabytes = (await bytesAtRest(second, context.signal)) / 1e6;
  await stopCleanly(second);
  return { firstSeconds: first.readySeconds, secondSeconds: second.readySeconds, restMegabytes };
}

/** After Ctrl-C npm ends by the signal itself, once its child is done, whatever the child's exit code was. */
async function stopCleanly(tradewind: Tradewind): Promise<void> {
  const code = await tradewind.stop();
  if (code !== 130) throw new Error(`a stop by Ctrl-C ended with exit code ${code}:\n${tradewind.output()}`);
}

/** At rest is when three readings in a row, a quarter of a second apart, agree within a hundredth. */
async function bytesAtRest(tradewind: Tradewind, signal: AbortSignal): Promise<number> {
  const readings: number[] = [];
  while (readings.length < 60) {
    readings.push(await proportionalBytes(await productProcesses(tradewind)));
    const last = readings.slice(-3);
    if (last.length === 3 && Math.max(...last) <= Math.min(...last) * 1.01) break;
    await sleep(250, undefined, { signal });
  }
  return readings.at(-1) ?? 0;
}

async function productProcesses(tradewind: Tradewind): Promise<readonly number[]> {
  const below = await descendants(tradewind.pid);
  const names = await Promise.all(below.map(processName));
  return below.filter((_, index) => names[index] !== "sh");
}

/** Started without npm, so that only the product is inspected; the time of this start is not used. */
async function measureLoads(context: BenchContext, checkout: string): Promise<Measured> {
  const record = join(context.folder, "loads.txt");
  const recorder = pathToFileURL(join(import.meta.dirname, "record-loads.ts"));
  await mkdir(context.folder, { recursive: true });
  await using tradewind = await launchTradewind({
    command: process.execPath,
    args: ["infra/main.ts", "start", "--data", join(context.folder, "data-loads"), "--port", "0"],
    cwd: checkout,
    env: { ...process.env, NODE_OPTIONS: `--import ${recorder}`, TRADEWIND_RECORD_LOADS: record },
    signal: context.signal,
  });
  const modules = (await readFile(record, "utf8")).split("\n").filter((line) => line !== "");
  const libraries = await mappedFiles([tradewind.pid, ...(await descendants(tradewind.pid))]);
  assertRecorded([...modules, ...libraries]);
  const forbidden = [...new Set(forbiddenLoads([...modules, ...libraries]))];
  const seen = `${new Set(modules).size} modules and ${libraries.length} libraries seen`;
  return {
    ...limit("at start", "cloud SDKs, playwright, CUDA, ioredis loaded", "files", { floor: 0 }),
    ours: [forbidden.length],
    note: forbidden.length === 0 ? seen : `${seen}, among them ${forbidden.slice(0, 5).join(", ")}`,
  };
}

/** A recorder that missed a process would find nothing forbidden and prove nothing. */
function assertRecorded(loaded: readonly string[]): void {
  for (const known of ["/gateway/main.ts", "/inference/main.ts", "/node_modules/hono/", "libonnxruntime"]) {
    if (!loaded.some((path) => path.includes(known))) throw new Error(`the recorder never saw ${known}`);
  }
}

function limit(
  subject: string,
  metric: string,
  unit: string,
  limits: Pick<Measure, "floor" | "aim"> = {},
): Measure {
  return { case: subject, metric, unit, better: "lower", against: "limit", ...limits };
}

async function run(command: string, args: string[], { root, signal }: BenchContext, cwd = root) {
  return await promisify(execFile)(command, args, { cwd, signal, maxBuffer: 16 * 1024 * 1024 });
}
