import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../../support/find-program.ts";
import { peerFolder } from "./serve-fastapi.ts";

/** The peer's Python, or why there is none: then nothing that needs the peer is judged. */
export type PeerPython = { readonly python: string } | { readonly skipped: string };

export type VenvOptions = {
  /** A smoke must not wait for downloads: it takes the environment of an earlier run or none. */
  readonly mayInstall: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** A virtual environment with the peer's packages, kept for the next run and made anew when the packages change. */
export async function makeVenv({ mayInstall, say, signal }: VenvOptions): Promise<PeerPython> {
  const base = findProgram("python3");
  if (base === undefined) return { skipped: "python3 is not installed" };
  const folder = await folderFor(base);
  const python = join(folder, "bin/python");
  const whole = join(folder, "whole");
  if (await exists(whole)) return { python };
  if (!mayInstall) return { skipped: "its packages are not installed; a full run installs them" };
  say("installing the peer's packages, once");
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await run(base, ["-m", "venv", folder], 120_000, signal);
    const install = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--only-binary",
      ":all:",
    ];
    await run(python, [...install, "-r", join(peerFolder, "requirements.txt")], 600_000, signal);
    await writeFile(whole, "");
    return { python };
  } catch (error) {
    signal.throwIfAborted();
    return { skipped: `its packages could not be installed: ${lastLine(error)}` };
  }
}

async function folderFor(base: string): Promise<string> {
  const requirements = await readFile(join(peerFolder, "requirements.txt"));
  const key = createHash("sha256").update(requirements).update(base).digest("hex").slice(0, 12);
  return join(tmpdir(), `tradewind-bench-fastapi-${key}`);
}

async function run(command: string, args: string[], timeout: number, signal: AbortSignal): Promise<void> {
  await promisify(execFile)(command, args, { timeout, signal, maxBuffer: 16 * 1024 * 1024 });
}

function lastLine(error: unknown): string {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
  return said.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
