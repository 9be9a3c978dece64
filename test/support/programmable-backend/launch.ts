import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Link, linkNamespace } from "../namespace.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Counters } from "./counters.ts";
import type { Served } from "./serve.ts";

/** An image that reached a backend. */
export type Arrival = { readonly atMs: number; readonly trace: string };

/** A programmable backend as a process of its own. Its address stays, however often it dies and comes back. */
export type ProgrammableBackend = AsyncDisposable & {
  readonly url: string;
  readonly pid: () => number;
  /** What is left out is as in `wellBehaved`. It stays so when the process comes back. */
  readonly behave: (changes: Partial<Behaviour>) => Promise<void>;
  readonly counters: () => Promise<Counters>;
  /** All images that came since `forget`, whatever became of the process since. */
  readonly arrivals: () => Promise<readonly Arrival[]>;
  readonly forget: () => Promise<void>;
  readonly isRunning: () => boolean;
  /** Gone at once, as in a crash; resolves when it is. */
  readonly kill: () => Promise<void>;
  /** A new process on the same port; nothing happens where it runs. */
  readonly revive: () => Promise<void>;
  /** Alive but silent: connections are taken by the kernel, nothing is answered. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** From here on no packet arrives on either side, and nobody is told; only with `namespaced`. */
  readonly cut: () => Promise<void>;
  readonly restore: () => Promise<void>;
};

export type LaunchOptions = {
  readonly seed?: number;
  /** In a network namespace of its own, at the other end of a link that can be cut. */
  readonly namespaced?: boolean;
};

const main = join(import.meta.dirname, "main.ts");

/** Several of them, each with a seed of its own; those at the given places in namespaces. */
export async function startProgrammableBackends(
  count: number,
  { seed = 1, namespaced = [] }: { readonly seed?: number; readonly namespaced?: readonly number[] } = {},
): Promise<readonly ProgrammableBackend[]> {
  const places = Array.from({ length: count }, (_, place) => place);
  const started = await Promise.allSettled(
    places.map((place) =>
      startProgrammableBackend({ seed: seed + place, namespaced: namespaced.includes(place) }),
    ),
  );
  const backends = started.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
  const failed = started.find((one) => one.status === "rejected");
  if (!failed) return backends;
  for (const backend of backends) await backend[Symbol.asyncDispose]();
  throw failed.reason;
}

export async function startProgrammableBackend(options: LaunchOptions = {}): Promise<ProgrammableBackend> {
  const { seed = 1, namespaced = false } = options;
  const folder = await mkdtemp(join(tmpdir(), "backend-"));
  const journal = join(folder, "journal");
  await writeFile(journal, "");
  const control = join(folder, "control");
  let behaviour: Partial<Behaviour> = {};
  let running: Running | undefined;
  let address: string | undefined;
  const start = async (port: number): Promise<Running> => {
    await rm(control, { force: true });
    const paths = ["--control", control, "--journal", journal, "--folder", folder];
    const args = [main, "--port", `${port}`, "--seed", `${seed}`, ...paths];
    return await startProcess(args, namespaced, address);
  };
  const asked = (method: string, path: string, body?: object) => askControl(control, method, path, body);
  const kill = async (): Promise<void> => {
    const { child, exit, link } = running ?? {};
    child?.kill("SIGKILL");
    await exit;
    await link?.[Symbol.asyncDispose]();
    running = undefined;
  };
  const dispose = async (): Promise<void> => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    running = await start(0);
  } catch (error) {
    await dispose();
    throw error;
  }
  const { port, link } = running;
  address = link?.address;
  return {
    url: `http://${address ?? "127.0.0.1"}:${port}`,
    pid: () => running?.child.pid ?? 0,
    behave: async (changes) => {
      behaviour = changes;
      await asked("PUT", "/behaviour", changes);
    },
    counters: async () => JSON.parse(await asked("GET", "/counters")),
    arrivals: async () => readArrivals(await readFile(journal, "utf8")),
    forget: async () => {
      await asked("DELETE", "/counters");
      await truncate(journal);
    },
    isRunning: () => running !== undefined,
    kill,
    revive: async () => {
      if (running) return;
      running = await start(port);
      await asked("PUT", "/behaviour", behaviour);
    },
    pause: () => void running?.child.kill("SIGSTOP"),
    resume: () => void running?.child.kill("SIGCONT"),
    cut: async () => await running?.link?.cut(),
    restore: async () => await running?.link?.restore(),
    [Symbol.asyncDispose]: dispose,
  };
}

type Running = {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown>;
  readonly port: number;
  readonly link: Link | undefined;
};

/** `unshare` becomes the program that it starts, so one process id stands for both and for the namespace. */
async function startProcess(
  args: readonly string[],
  namespaced: boolean,
  address: string | undefined,
): Promise<Running> {
  const [program, ...given] = namespaced
    ? ["unshare", "--net", process.execPath, ...args, "--host", "0.0.0.0"]
    : [process.execPath, ...args];
  const child = spawn(program ?? "", given, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
  });
  const exit = once(child, "close");
  try {
    const [served] = (await Promise.race([once(child, "message"), endOf(exit)])) as [Served];
    const link = namespaced ? await linkNamespace(child.pid ?? 0, address) : undefined;
    return { child, exit, port: served.port, link };
  } catch (cause) {
    child.kill("SIGKILL");
    throw new Error(`the backend did not get ready; it said:\n${said}`, { cause });
  }
}

async function endOf(exit: Promise<unknown>): Promise<never> {
  await exit;
  throw new Error("it ended");
}

/** A backend that is stopped hears nothing, and whoever waits for it is told so. */
const controlPatienceMs = 5_000;

function askControl(socketPath: string, method: string, path: string, body?: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(controlPatienceMs);
    const asked = request({ socketPath, method, path, signal, agent: false }, (response) => {
      text(response).then((answer) => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`the backend refused ${method} ${path}: ${answer}`));
      }, reject);
    });
    asked.once("error", reject);
    asked.end(body && JSON.stringify(body));
  });
}

function readArrivals(journal: string): readonly Arrival[] {
  const lines = journal.split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [atMs, trace = ""] = line.split(" ");
    return { atMs: Number(atMs), trace };
  });
}
