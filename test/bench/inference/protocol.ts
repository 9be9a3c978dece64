import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeOnnx } from "../../support/onnx-writer.ts";
import type { BenchContext, Measured } from "../bench.ts";
import { interleave } from "../interleave.ts";
import { openChild } from "./child.ts";
import type { LoadGenerator } from "./load-generator.ts";
import type { Requests } from "./requests.ts";
import { serveTradewind } from "./serve-tradewind.ts";

/** What the protocol, the queue and the way to a worker and back cost, with a model that gives back what it gets. */
export async function* measureProtocol(
  context: BenchContext,
  generator: LoadGenerator,
): AsyncIterable<Measured> {
  await using resources = new AsyncDisposableStack();
  const { root, signal, quick } = context;
  const repository = await writeIdentity(context.folder);
  const served = resources.use(await serveTradewind({ root, repository, signal }));
  const echo = resources.use(await openEcho(signal));
  const requests = await writeTensor(context.folder);
  const times = quick ? { warmUpMs: 200, windowMs: 500 } : { warmUpMs: 500, windowMs: 2_500 };
  const rate = (port: number) => async () =>
    (await generator.load({ ports: [port], requests, concurrency: 16, ...times })).perSecond;
  const sides = [rate(served.port), rate(echo.port)];
  const [ours = [], theirs = []] = await interleave(sides, {
    rounds: context.rounds(),
    warmUpRounds: quick ? 0 : 2,
    signal,
  });
  yield {
    case: "identity model, c=16",
    metric: "requests answered",
    unit: "/s",
    better: "higher",
    against: "bare node:http echo",
    floor: 0.4,
    aim: 0.7,
    ours,
    theirs,
    note: "the same bytes to both, an FP32 tensor [1, 4]; the generator's own cost is in both",
  };
}

async function writeIdentity(folder: string): Promise<string> {
  const repository = join(folder, "identity-models");
  await mkdir(join(repository, "identity/1"), { recursive: true });
  const shape = { type: 1, dims: ["batch", 4] };
  const model = writeOnnx({
    inputs: [{ name: "x", ...shape }],
    outputs: [{ name: "y", ...shape }],
    nodes: [{ op: "Identity", inputs: ["x"], outputs: ["y"] }],
  });
  await writeFile(join(repository, "identity/1/model.onnx"), model);
  return repository;
}

async function writeTensor(folder: string): Promise<Requests> {
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: "x", shape: [1, 4], datatype: "FP32", parameters: { binary_data_size: 16 } }],
      parameters: { binary_data_output: true },
    }),
  );
  const file = join(folder, "tensor.bin");
  await writeFile(file, Buffer.concat([head, Buffer.from(new Float32Array([1, 2, 3, 4]).buffer)]));
  const headers = { "inference-header-content-length": String(head.byteLength) };
  return { form: "bytes", path: "/v2/models/identity/infer", files: [file], headers };
}

async function openEcho(signal: AbortSignal) {
  const args = [fileURLToPath(new URL("./echo.ts", import.meta.url))];
  const child = await openChild({ command: process.execPath, args, signal });
  const port = Number(await child.ask(undefined, 10_000));
  return { port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
