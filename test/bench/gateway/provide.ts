import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram } from "../../support/find-program.ts";

/** Where something is, or why it is not: then what needs it is left out. */
export type Provided = { readonly path: string } | { readonly skipped: string };

export type ProvideOptions = {
  /** A smoke must not wait for downloads: it takes what an earlier run left, or nothing. */
  readonly mayInstall: boolean;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

export type FolderOptions = ProvideOptions & {
  readonly name: string;
  /** Another text is another folder. */
  readonly contents: string;
  readonly make: (folder: string) => Promise<void>;
};

/** A folder in the system's temporary one, made once and kept for the next run. */
export async function provideFolder(options: FolderOptions): Promise<Provided> {
  const { name, contents, make, mayInstall, say, signal } = options;
  const key = createHash("sha256").update(contents).digest("hex").slice(0, 12);
  const folder = join(tmpdir(), `tradewind-bench-${name}-${key}`);
  const whole = join(folder, "whole");
  if (await exists(whole)) return { path: folder };
  if (!mayInstall) return { skipped: `${name} is not there; a full run fetches it` };
  say(`fetching ${name}, once`);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await make(folder);
    await writeFile(whole, "");
    return { path: folder };
  } catch (error) {
    signal.throwIfAborted();
    return { skipped: `${name} could not be fetched: ${lastLine(error)}` };
  }
}

/**
 * A program from the path, or else out of its Debian package: unpacked and not installed, so that no service of it
 * starts and the machine stays as it was.
 */
export async function provideProgram(
  name: "nginx" | "caddy",
  options: ProvideOptions & { readonly folder: string },
): Promise<Provided> {
  const installed = findProgram(name);
  if (installed !== undefined) return { path: installed };
  if (!findProgram("apt-get") || !findProgram("dpkg-deb")) {
    return { skipped: `${name} is not installed, and there is no apt-get to fetch it with` };
  }
  const { signal } = options;
  const unpacked = await provideFolder({
    ...options,
    ...{ name, contents: name },
    make: (folder) => unpack(name, folder, signal),
  });
  return "skipped" in unpacked ? unpacked : { path: join(unpacked.path, options.folder, name) };
}

async function unpack(name: string, folder: string, signal: AbortSignal): Promise<void> {
  const download = () => run("apt-get", ["download", "--quiet", name], { cwd: folder, signal });
  await download().catch(async () => {
    // A fresh image has no package lists; only the superuser may fetch them.
    await run("apt-get", ["--quiet", "update"], { cwd: folder, signal });
    await download();
  });
  await run("sh", ["-c", "dpkg-deb --extract ./*.deb ."], { cwd: folder, signal });
}

export async function run(
  command: string,
  args: readonly string[],
  { cwd, signal }: { readonly cwd: string; readonly signal: AbortSignal },
): Promise<void> {
  const options = { cwd, signal, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 };
  await promisify(execFile)(command, [...args], options);
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
