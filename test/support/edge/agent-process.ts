import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { littleEnv, littleFlags } from "#infra/runtime/take-little.ts";
import { repository } from "../run-tradewind.ts";

/** As `GET /edge/status` says it, of what tests look at. */
export type DeviceStatus = {
  readonly device: string | null;
  readonly trouble: string | null;
  readonly syncs: number;
  readonly clock_trusted: boolean | null;
  readonly fetched_bytes: number;
  readonly models: readonly StatusModel[];
};

type Held = { readonly release: number; readonly sha256: string } | null;

export type StatusModel = {
  readonly model: string;
  readonly active: Held;
  readonly previous: Held;
  readonly trial: Held;
  readonly probation: object | null;
  readonly floor: number;
  readonly quarantined: readonly {
    readonly release: number;
    readonly cause: string;
    readonly detail: string;
  }[];
  readonly agreement: number | null;
  readonly runs: { readonly release: number; readonly sha256: string } | null;
  readonly built_in: boolean;
  readonly planned: { readonly release: number | null; readonly why: string } | null;
  readonly failure: { readonly cause: string; readonly detail: string; readonly release: number } | null;
  readonly images: number;
};

/** `tradewind edge` as a process of its own, which answers. Disposing ends it without ceremony. */
export type AgentProcess = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly said: () => string;
  readonly status: () => Promise<DeviceStatus>;
  readonly model: (name: string) => Promise<StatusModel | undefined>;
  /** Has it sync now, and waits until that sync is over. */
  readonly sync: () => Promise<DeviceStatus>;
  readonly detect: (model: string, image: Uint8Array) => Promise<Response>;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly exit: Promise<number | NodeJS.Signals>;
  readonly stop: () => Promise<number | NodeJS.Signals>;
};

export type AgentOptions = {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Before the program: such as `faketime`. */
  readonly through?: readonly string[];
  /** Such as the packed program. */
  readonly main?: string;
};

const source = join(repository, "infra/main.ts");

/** A process on its way, of which nobody knows yet whether it gets ready. */
export function spawnAgent({ args, env = {}, through = [], main = source }: AgentOptions): ChildProcess {
  const { DATABASE_URL: _, REDIS_URL: __, ...usual } = process.env;
  const line = [...through, process.execPath, ...littleFlags, main, "edge", "--port", "0", ...args];
  const [program = "", ...rest] = line;
  const stdio: StdioOptions = ["ignore", "pipe", "pipe"];
  return spawn(program, rest, { env: { ...usual, ...littleEnv, ...env }, stdio });
}

/** Starts it on a free port; fails with all it said where it does not get ready. */
export async function startAgent(options: AgentOptions): Promise<AgentProcess> {
  const child = spawnAgent(options);
  const said = collect(child);
  const exit = once(child, "close").then(([code, signal]): number | NodeJS.Signals => code ?? signal);
  try {
    const url = await Promise.race([readyUrl(child, said), failed(exit)]);
    return agentAt(url, { child, said, exit });
  } catch (cause) {
    child.kill("SIGKILL");
    await exit;
    throw new Error(`the agent did not get ready; it said:\n${said()}`, { cause });
  }
}

type Parts = {
  readonly child: ChildProcess;
  readonly said: () => string;
  readonly exit: AgentProcess["exit"];
};

function agentAt(url: string, { child, said, exit }: Parts): AgentProcess {
  const patience = (): AbortSignal => AbortSignal.timeout(30_000);
  const status = async (): Promise<DeviceStatus> => {
    const response = await fetch(`${url}/edge/status`, { signal: patience() });
    return (await response.json()) as DeviceStatus;
  };
  const kill = (signal: NodeJS.Signals): void => void child.kill(signal);
  return {
    ...{ url, pid: child.pid ?? 0, said, status, kill, exit },
    model: async (name) => (await status()).models.find(({ model }) => model === name),
    sync: async () => {
      // One that is under way may have looked too early, so that the next one is waited for as well.
      const { syncs } = await status();
      await fetch(`${url}/edge/sync`, { method: "POST", signal: patience() });
      return await until(status, (now) => now.syncs > syncs);
    },
    detect: async (model, image) =>
      await fetch(`${url}/v1/models/${model}/detect`, {
        method: "POST",
        headers: { "content-type": "image/jpeg" },
        body: Buffer.from(image),
        signal: patience(),
      }),
    stop: async () => {
      kill("SIGTERM");
      return await exit;
    },
    [Symbol.asyncDispose]: async () => {
      kill("SIGKILL");
      await exit;
    },
  };
}

/** Looks again until it is so; a machine that is busy gets there too. */
export async function until<Value>(
  look: () => Promise<Value>,
  isSo: (value: Value) => boolean,
  mostMs = 90_000,
): Promise<Value> {
  const began = performance.now();
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    if (performance.now() - began > mostMs) throw new Error(`still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

function collect(child: ChildProcess): () => string {
  let text = "";
  const append = (chunk: Buffer): void => {
    text = (text + chunk.toString()).slice(-200_000);
  };
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  return () => text;
}

/** The line of the log that names its address, since there is no channel on a device. */
async function readyUrl(child: ChildProcess, said: () => string): Promise<string> {
  for (;;) {
    const [, url] = /"url":"(http:[^"]+)"/.exec(said()) ?? [];
    if (url !== undefined) return url;
    await once(child.stderr ?? child, "data");
  }
}

async function failed(exit: AgentProcess["exit"]): Promise<never> {
  throw new Error(`it ended with ${await exit}`);
}
