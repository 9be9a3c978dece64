import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createOpenInferenceClient, type OpenInferenceClient } from "#adapters/open-inference.ts";
import type { ModelInfo } from "#inference/contract.ts";
import { startBackend } from "../support/backend-process.ts";
import { readProvenance } from "../support/provenance.ts";

/**
 * How long a real backend takes for real pictures while so many requests are there all the time, for the replay lab:
 * `node test/bench/measure-service.ts NAME [--model digits-s] [--seconds 8]` writes fleets/measured/NAME.json;
 * `biome format --write` then puts many of its numbers on a line.
 */
const root = join(import.meta.dirname, "../..");
const demo = join(root, "inference/models/demo");
const concurrencies = [1, 2, 4, 8];

/** As many are kept of each level, at even distances of the sorted times. */
const kept = 400;

const options = { conf: 0.25, iou: 0.7, maxDetections: 300 };

const { values, positionals } = parseArgs({
  options: {
    model: { type: "string", default: "digits-s" },
    seconds: { type: "string", default: "8" },
  },
  allowPositionals: true,
});
const [name] = positionals;
if (!name || positionals.length > 1) throw new Error("say what the measurement is called");

const pictures = await readPictures();
const before = loadavg()[0] ?? 0;
await using backend = await startBackend("--models", demo);
await using client = createOpenInferenceClient({ url: backend.url });
const model = await client.describe(values.model, { signal: AbortSignal.timeout(5_000) });
const levels = [];
await measure({ client, model, concurrency: 2, ms: 2_000 });
for (const concurrency of concurrencies) {
  const ms = await measure({ client, model, concurrency, ms: 1_000 * Number(values.seconds) });
  levels.push({ concurrency, answers: ms.length, ms: thin(ms) });
  console.error(`${concurrency} at once: ${ms.length} answers, median ${ms[ms.length >> 1]?.toFixed(1)} ms`);
}
await write(name, {
  what: `one backend with ${values.model} over the pictures of inference/models/demo/samples, from the request's first byte out to the answer's last byte in, in the same machine as the client; so many requests were there all the time`,
  measuredBy: `node test/bench/measure-service.ts ${name} --model ${values.model} --seconds ${values.seconds}`,
  machineLoadBefore: before,
  ...(await readProvenance(root)),
  levels,
});

type Measuring = {
  readonly client: OpenInferenceClient;
  readonly model: ModelInfo;
  readonly concurrency: number;
  readonly ms: number;
};

/** Ascending. */
async function measure({ client, model, concurrency, ms }: Measuring): Promise<number[]> {
  const until = performance.now() + ms;
  const times: number[] = [];
  const ask = async (first: number): Promise<void> => {
    for (let turn = first; performance.now() < until; turn += concurrency) {
      const image = pictures[turn % pictures.length] ?? new Uint8Array();
      const from = performance.now();
      await client.detect({ model, image, options, signal: AbortSignal.timeout(30_000) });
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, (_, first) => ask(first)));
  return times.sort((a, b) => a - b);
}

function thin(ascending: readonly number[]): number[] {
  if (ascending.length <= kept) return ascending.map(rounded);
  const place = (index: number): number => Math.round((index * (ascending.length - 1)) / (kept - 1));
  return Array.from({ length: kept }, (_, index) => rounded(ascending[place(index)] ?? 0));
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

async function readPictures(): Promise<Uint8Array[]> {
  const folder = join(demo, "samples");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".jpg")).sort();
  return Promise.all(files.map((file) => readFile(join(folder, file))));
}

async function write(name: string, measured: object): Promise<void> {
  const folder = join(import.meta.dirname, "fleets/measured");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(measured, null, 2)}\n`);
}
