import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { createApiKey } from "#gateway/records/api-key.ts";
import { systemChance } from "#infra/runtime/chance.ts";
import { inferAnswer, json, startFakeBackend } from "#test/support/fake-backend.ts";

/** What gateways stand on in these tests: a backend that counts, keys in a file, and configurations. */
export type GatewayWorld = AsyncDisposable & {
  /** A configuration for so many workers, with keys in a file unless more says otherwise. */
  readonly configure: (workers: number | "auto", more?: string) => Promise<string>;
  /** An image that nobody has sent before. */
  readonly freshImage: () => Promise<Buffer>;
  /** The text of a key that may send 50 images a minute, and of one without bounds. */
  readonly limited: string;
  readonly free: string;
  /** How many images the backend was asked about since the last call of `forget`. */
  readonly infers: () => number;
  readonly forget: () => void;
  /** From now on answers wait until they are let go. */
  readonly hold: () => void;
  readonly held: () => number;
  readonly letGo: () => void;
};

export const detect = "/v1/models/digits-s/detect";

export async function createGatewayWorld(): Promise<GatewayWorld> {
  const folder = await mkdtemp(join(tmpdir(), "workers-"));
  let [infers, images, isHolding] = [0, 0, false];
  let held: (() => void)[] = [];
  const backend = await startFakeBackend({
    infer: (request, response) => {
      infers += 1;
      const answer = (): void => json(200, inferAnswer)(request, response);
      if (isHolding) held.push(answer);
      else setTimeout(answer, 100);
    },
  });
  const letGo = (): void => {
    for (const answer of held) answer();
    [held, isHolding] = [[], false];
  };
  return {
    ...(await writeKeys(folder)),
    configure: async (workers, more = "records: file\n") => {
      const file = join(folder, `${workers}-${more.length}.yaml`);
      await writeFile(file, configuration(backend.url, workers) + more);
      return file;
    },
    freshImage: () => {
      images += 1;
      const background = `#${images.toString(16).padStart(6, "0")}`;
      const size = { width: 64, height: 48, channels: 3 } as const;
      return sharp({ create: { ...size, background } })
        .png()
        .toBuffer();
    },
    infers: () => infers,
    forget: () => {
      infers = 0;
    },
    hold: () => {
      isHolding = true;
    },
    held: () => held.length,
    letGo,
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function writeKeys(folder: string): Promise<Pick<GatewayWorld, "limited" | "free">> {
  const limited = createApiKey("limited", systemChance);
  const free = createApiKey("free", systemChance);
  const line = ({ record: { id, name, hash } }: typeof free, more = ""): string =>
    `  - { id: "${id}", name: ${name}, hash: "${hash}", scopes: [infer, usage, metrics]${more} }\n`;
  const text = `keys:\n${line(limited, ", limits: [{ requests: 50, per: 1m }]")}${line(free)}`;
  await writeFile(join(folder, "keys.yaml"), text);
  return { limited: limited.text, free: free.text };
}

function configuration(backendUrl: string, workers: number | "auto"): string {
  return `models: { digits-s: { source: x } }
providers: { there: { kind: static, urls: ["${backendUrl}"] } }
routes: [{ models: [digits-s], slo: 30s, failover: [[there]], whenRedisIsAway: closed }]
workers: ${workers}
`;
}
