import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { findBinaries } from "#infra/runtime/postgres/binaries.ts";
import { openEmbeddedPostgres } from "#infra/runtime/postgres/embedded.ts";

export type ThrowAwayPostgres = AsyncDisposable & { readonly url: string; readonly folder: string };

/** A real server on a folder of its own, gone with it. */
export async function startPostgres(): Promise<ThrowAwayPostgres> {
  const folder = await mkdtemp(join(tmpdir(), "postgres-"));
  const server = await openEmbeddedPostgres({ folder: join(folder, "data") });
  return {
    url: server.url,
    folder,
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A process that ended but was not fetched by its parent yet still has a number. */
export async function isRunning(pid: number): Promise<boolean> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return command !== "";
}

/** Whether a user who owns nothing can get to the programs: if not, root has nobody to start a server as. */
export async function othersMayEnterPrograms(): Promise<boolean> {
  const { postgres } = await findBinaries();
  for (let folder = dirname(postgres); folder !== dirname(folder); folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
  }
  return true;
}
