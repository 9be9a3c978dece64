import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../../support/find-program.ts";
import type { BenchContext } from "../bench.ts";

const here = join(import.meta.dirname, "python");
const script = join(here, "quantize.py");

/** A Python with onnxruntime's own quantizer, kept for the next run; undefined, and said so, where none can be had. */
export async function findPython({ quick, say, signal }: BenchContext): Promise<string | undefined> {
  const base = findProgram("python3");
  if (base === undefined) return without("python3 is not installed", say);
  const requirements = await readFile(join(here, "requirements.txt"));
  const key = createHash("sha256").update(requirements).update(base).digest("hex").slice(0, 12);
  const folder = join(tmpdir(), `tradewind-bench-quantize-${key}`);
  const [python, whole] = [join(folder, "bin/python"), join(folder, "whole")];
  if (await exists(whole)) return python;
  if (quick) return without("its packages are not installed, a full run installs them", say);
  say("installing onnxruntime's own quantizer, once");
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await run(base, ["-m", "venv", folder], signal);
    const install = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--only-binary",
      ":all:",
    ];
    await run(python, [...install, "-r", join(here, "requirements.txt")], signal);
    await writeFile(whole, "");
    return python;
  } catch (error) {
    signal.throwIfAborted();
    return without(`its packages could not be installed: ${String(error).slice(0, 200)}`, say);
  }
}

export type PythonJob = {
  readonly model: string;
  /** The calibration's images as the model takes them, one after the other as floats. */
  readonly tensors: string;
  readonly shape: readonly number[];
  /** What is to stay in floats, by the first tensor that each operation gives. */
  readonly floats: readonly string[];
  readonly out: string;
};

/** Quantizes a model with onnxruntime's own tool. */
export async function quantizeWithPython(
  python: string,
  { model, tensors, shape, floats, out }: PythonJob,
  signal: AbortSignal,
): Promise<void> {
  await run(python, [script, model, tensors, JSON.stringify(shape), JSON.stringify(floats), out], signal);
}

function without(why: string, say: (line: string) => void): undefined {
  say(`without onnxruntime's own quantizer: ${why}`);
}

async function run(command: string, args: string[], signal: AbortSignal): Promise<void> {
  await promisify(execFile)(command, args, { timeout: 600_000, signal, maxBuffer: 16 * 1024 * 1024 });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
