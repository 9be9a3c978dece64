import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { join } from "node:path";
import { expect } from "vitest";
import { freePort } from "#test/support/free-port.ts";
import { descendants } from "#test/support/process-tree.ts";
import { repository } from "#test/support/run-tradewind.ts";

/** `tradewind serve` as a process of its own, in a group of its own as a terminal makes one. */
export type GatewayProcess = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  /** The processes that serve. */
  readonly workers: () => Promise<readonly number[]>;
  readonly signal: (name: NodeJS.Signals, to?: "process" | "group") => void;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly lines: () => readonly Record<string, unknown>[];
};

export async function startGateway(
  config: string,
  env: Record<string, string> = {},
): Promise<GatewayProcess> {
  const { DATABASE_URL: _, REDIS_URL: __, ...usual } = process.env;
  const port = await freePort();
  const args = [join(repository, "infra/main.ts"), "serve", "--config", config, "--port", `${port}`];
  const child = spawn(process.execPath, args, {
    env: { ...usual, ...env },
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk;
  });
  const ended = once(child, "exit").then(([code, signal]) => code ?? signal);
  const pid = child.pid ?? 0;
  const url = `http://127.0.0.1:${port}`;
  await expect
    .poll(() => said, { timeout: 25_000, interval: 20 })
    .toMatch(/^\{(?!.*"worker":).*"the gateway is ready"/m);
  return {
    url,
    pid,
    workers: () => descendants(pid),
    signal: (name, to = "process") => process.kill(to === "group" ? -pid : pid, name),
    ended,
    lines: () => said.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : [])),
    [Symbol.asyncDispose]: async () => {
      try {
        process.kill(-pid, "SIGKILL");
      } catch {
        // Everybody is gone already.
      }
      await ended;
    },
  };
}

export type Answer = { readonly status: number; readonly text: string };

export type Ask = { readonly key?: string; readonly body?: Buffer };

/** One request on a connection of its own, since connections are what is handed to workers in turn. */
export function ask(url: string, { key, body }: Ask = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(url, {
    agent: false,
    method: body ? "POST" : "GET",
    headers: { ...(key && { authorization: `Bearer ${key}` }), ...(body && { "content-type": "image/png" }) },
    signal: AbortSignal.timeout(15_000),
  });
  outgoing.on("error", reject);
  outgoing.on("response", (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      text += chunk;
    });
    response.on("error", reject);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  outgoing.end(body);
  return promise;
}

/** The same request many times at once. */
export function askMany(times: number, url: string, options: Ask): Promise<readonly Answer[]> {
  return Promise.all(Array.from({ length: times }, () => ask(url, options)));
}

/** The values of a metric in the text of `/metrics`, one for each of its labels. */
export function metric(text: string, name: string): number[] {
  const found = text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"));
  return [...found].map(([, value]) => Number(value));
}
