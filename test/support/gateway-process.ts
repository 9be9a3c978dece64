import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { createApiKey } from "#gateway/records/api-key.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { repository } from "./run-tradewind.ts";

export type Reply = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty where the answer is no JSON. */
  readonly json: Record<string, unknown>;
  readonly ms: number;
};

export type Ask = {
  readonly key?: string | undefined;
  /** GET without a body, POST with one. */
  readonly method?: string;
  readonly body?: Buffer | string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
};

/** `tradewind serve` as a process of its own, ready. Disposing ends it without ceremony where it still runs. */
export type GatewayProcess = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Everything it said on both outputs. */
  readonly said: () => string;
  /** One request; anything but an answer rejects, and so does half a minute of silence. */
  readonly ask: (path: string, options?: Ask) => Promise<Reply>;
  /** What a counter stands at; needs a key with the scope `metrics`. */
  readonly counted: (metric: string, key: string) => Promise<number>;
  /** Asks it to stop and waits for its exit code. */
  readonly stop: () => Promise<number | null>;
};

export type GatewayOptions = {
  /** As in tradewind.yaml; what is left out is one model `digits-s` at `backend`. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly backend: string;
  /** The text of keys.yaml; without it the keys are in PostgreSQL, at DATABASE_URL of `env`. */
  readonly keys?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** For polls: a machine that is busy with other things gets there too. */
export const patiently = { timeout: 15_000 };

const main = join(repository, "infra/main.ts");

/** Starts it on a free port; fails with all it said when it does not get ready. */
export async function startGateway(options: GatewayOptions): Promise<GatewayProcess> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-"));
  await writeFile(join(folder, "tradewind.yaml"), JSON.stringify(configOf(options)));
  if (options.keys !== undefined) await writeFile(join(folder, "keys.yaml"), options.keys);
  const { DATABASE_URL: _, REDIS_URL: __, ...usual } = process.env;
  const args = [main, "serve", "--config", join(folder, "tradewind.yaml"), "--port", "0"];
  const child = spawn(process.execPath, args, {
    env: { ...usual, ...options.env },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const said = collect(child);
  const exit = once(child, "close").then(([code]): number | null => code);
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exit;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = await readyUrl(child);
    const ask: GatewayProcess["ask"] = (path, asked) => askAt(url, path, asked);
    return {
      ...{ url, port: Number(new URL(url).port), pid: child.pid ?? 0, said, ask },
      counted: async (metric, key) => countedIn((await ask("/metrics", { key })).text, metric),
      stop: async () => {
        child.kill("SIGTERM");
        return await exit;
      },
      [Symbol.asyncDispose]: end,
    };
  } catch (cause) {
    await end();
    throw new Error(`the gateway did not get ready; it said:\n${said()}`, { cause });
  }
}

/** One request to any door. */
export async function askAt(url: string, path: string, options: Ask = {}): Promise<Reply> {
  const { key, body, headers = {}, signal } = options;
  const { method = body === undefined ? "GET" : "POST" } = options;
  const shown: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const patience = AbortSignal.timeout(30_000);
  const init: RequestInit = {
    method,
    headers: { ...shown, ...headers },
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  };
  const began = performance.now();
  const response = await fetch(`${url}${path}`, body === undefined ? init : { ...init, body });
  const text = await response.text();
  const isJson = /\bjson\b/.test(response.headers.get("content-type") ?? "");
  const { status, headers: answered } = response;
  const ms = performance.now() - began;
  return { status, headers: answered, text, json: isJson ? JSON.parse(text) : {}, ms };
}

export type FileKey = { readonly text: string; readonly id: string; readonly entry: object };

/** A key with its line of keys.yaml; its rights as they are written there. */
export function makeFileKey(rights: Readonly<Record<string, unknown>> = {}): FileKey {
  const { text, record } = createApiKey("test", systemChance);
  const { id, name, hash } = record;
  return { text, id, entry: { id, name, hash, ...rights } };
}

/** JSON is YAML. */
export function keysYaml(keys: readonly FileKey[], tenants: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ tenants, keys: keys.map(({ entry }) => entry) });
}

/** A small PNG of exactly this colour: another number is another picture. */
export async function picture(number: number): Promise<Buffer> {
  const background = { r: (number >> 16) & 255, g: (number >> 8) & 255, b: number & 255 };
  return await sharp({ create: { width: 16, height: 16, channels: 3, background } })
    .png()
    .toBuffer();
}

function configOf({ config = {}, backend, keys }: GatewayOptions): object {
  return {
    models: { "digits-s": { source: "x" } },
    providers: { there: { kind: "static", urls: [backend] } },
    routes: [{ models: ["digits-s"], failover: [["there"]] }],
    ...(keys !== undefined && { records: "file" }),
    ...config,
  };
}

function collect(child: ChildProcess): () => string {
  const chunks: string[] = [];
  const append = (chunk: Buffer): void => void chunks.push(chunk.toString());
  child.stdout?.on("data", append);
  child.stderr?.on("data", append);
  return () => chunks.join("");
}

type Announced = { readonly ready?: { readonly url: string }; readonly failed?: string };

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((found, reject) => {
    child.on("message", ({ ready, failed }: Announced) => {
      if (ready) found(ready.url);
      else if (failed !== undefined) reject(new Error(failed));
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => reject(new Error(`it ended with ${code ?? signal}`)));
  });
}

/** The sum over all series whose line begins so. */
function countedIn(text: string, metric: string): number {
  const lines = text.split("\n").filter((line) => line.startsWith(metric));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
