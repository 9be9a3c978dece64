import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Pins } from "#inference/models/model-settings.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { sidecar } from "./file-facts.ts";
import type { FileFacts } from "./model-source.ts";

export type VerifyOptions = {
  /** How messages name the version. */
  readonly what: string;
  readonly files: readonly FileFacts[];
  readonly pins: Pins | undefined;
  readonly signal: AbortSignal;
};

/** Holds a private copy of a version against its listing, its pins and the `.sha256` file beside the model. */
export async function verifyFiles(
  folder: string,
  { what, files, pins, signal }: VerifyOptions,
): Promise<void> {
  for (const { path, bytes } of files) {
    const size = await sizeOf(join(folder, path));
    if (size !== bytes) throw unusable(`${what}: ${path} came out as ${size} bytes instead of ${bytes}`);
  }
  const listed = new Set(files.map(({ path }) => path));
  const promised = listed.has(sidecar) ? Object.entries(await readSidecar(folder, what)) : [];
  // A pin in model.yaml says which files are taken, and what else the sidecar names was left behind.
  const kept = pins ? promised.filter(([path]) => listed.has(path)) : promised;
  const hashes = new Map<string, string>();
  for (const [path, wanted] of [...Object.entries(pins ?? {}), ...kept]) {
    if (!listed.has(path)) throw unusable(`${what} has no file ${path}, which is pinned`);
    const hash = hashes.get(path) ?? (await hashOf(join(folder, path), signal));
    hashes.set(path, hash);
    if (hash !== wanted) throw mismatch(`${what}: ${path}`, hash, wanted);
  }
}

async function readSidecar(folder: string, what: string): Promise<Pins> {
  return parseSidecar(await readText(join(folder, sidecar), { what: `${what}: ${sidecar}` }), what);
}

/** What sha256sum writes, one file a line, or a bare hash, which is the model's. */
export function parseSidecar(text: string, what: string): Pins {
  const lines = text.split("\n").map((line) => line.trimEnd());
  const entries = lines.filter((line) => line !== "").map(readLine);
  const pins = Object.fromEntries(entries.filter((entry) => entry !== undefined));
  if (entries.length <= 256 && !entries.includes(undefined) && Object.hasOwn(pins, "model.onnx")) return pins;
  throw unusable(`${what}: ${sidecar} is not what sha256sum writes for model.onnx`);
}

function readLine(line: string): readonly [path: string, hash: string] | undefined {
  const [, hash, path = "model.onnx"] =
    /^([0-9a-fA-F]{64})(?: [ *](?:\.\/)?([^\s\\].{0,1023}))?$/.exec(line) ?? [];
  return hash === undefined ? undefined : [path, hash.toLowerCase()];
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0,
  );
}

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576, signal })) hash.update(chunk);
  return hash.digest("hex");
}

function mismatch(what: string, hash: string, wanted: string): TradewindError {
  const message = `${what} has SHA-256 ${hash.slice(0, 12)}..., pinned is ${wanted.slice(0, 12)}...`;
  return new TradewindError("model_unusable", message, {
    hint: "put the pinned file back, or change the pin",
  });
}

function unusable(message: string): TradewindError {
  return new TradewindError("model_unusable", message);
}
