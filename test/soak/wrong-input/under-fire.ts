import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchTradewind, type Tradewind } from "../../support/launch-tradewind.ts";
import { descendants, residentBytes } from "../../support/process-tree.ts";
import { allowedOrigin, canary, type Target } from "./compose.ts";
import { goodImages } from "./images.ts";

/** A whole product that was started for this, and a place beside it where nobody may be led. */
export type UnderFire = AsyncDisposable & {
  readonly target: Target;
  readonly port: number;
  /** How often somebody came to the trap. */
  readonly trapped: () => number;
  /** What the logs hold and must not, if anything; to be asked often, for they are kept for a while only. */
  readonly toldSecrets: () => readonly string[];
  /** What it said last. */
  readonly said: () => string;
  readonly residentBytes: () => Promise<number>;
  readonly stop: () => Promise<number>;
};

export async function openUnderFire({
  seed,
  signal,
}: {
  readonly seed: number;
  readonly signal: AbortSignal;
}): Promise<UnderFire> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "tradewind-soak-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const trap = resources.use(await openTrap());
  const tradewind = resources.use(await start(join(folder, "data"), signal));
  const { detectUrl, key, pid, stop, output } = tradewind;
  const { host, port, pathname: path, origin } = new URL(detectUrl);
  const images = await goodImages(seed);
  const limitedKey = await makeLimitedKey(origin, key, signal);
  const target: Target = { host, path, key, limitedKey, trap: trap.address, images };
  const opened = resources.move();
  return {
    target,
    port: Number(port),
    trapped: trap.visits,
    toldSecrets: () => secretsIn(withoutGreeting(output()), target),
    said: () => withoutGreeting(output()).slice(-2_000),
    residentBytes: async () => residentBytes([pid, ...(await descendants(pid))]),
    stop,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** With all that it can tell in its logs, since what must not be in them must not be in the longest either. */
function start(data: string, signal: AbortSignal): Promise<Tradewind> {
  return launchTradewind({
    command: process.execPath,
    args: ["infra/main.ts", "start", "--data", data, "--port", "0"],
    cwd: join(import.meta.dirname, "../../.."),
    env: { ...process.env, LOG_LEVEL: "debug" },
    signal,
  });
}

/** The curl line shows the key to whoever started the product, and to nobody else. */
function withoutGreeting(output: string): string {
  return output.replace(/^curl .*$/m, "");
}

function secretsIn(log: string, { key, limitedKey }: Target): readonly string[] {
  const secrets = { "the key": key, "the limited key": limitedKey, "a canary": canary };
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const line = log.split("\n").find((each) => each.includes(secret));
    return line === undefined ? [] : [`${name} is in the log: ${line.slice(0, 600)}`];
  });
}

/** A key as those of the public are: it may ask for images, little and seldom. */
async function makeLimitedKey(origin: string, key: string, signal: AbortSignal): Promise<string> {
  const wanted = {
    name: "limited",
    scopes: ["infer"],
    models: ["digits-s"],
    origins: [allowedOrigin],
    limits: [{ requests: 2, per: "10s", burst: 2 }],
    concurrency: 2,
  };
  const response = await fetch(`${origin}/v1/admin/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(wanted),
    signal,
  });
  const made = (await response.json()) as { readonly key?: unknown };
  if (typeof made.key === "string") return made.key;
  throw new Error(`no limited key was made: ${response.status} ${JSON.stringify(made)}`);
}

type Trap = AsyncDisposable & { readonly address: string; readonly visits: () => number };

async function openTrap(): Promise<Trap> {
  let visits = 0;
  const server = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    visits: () => visits,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
