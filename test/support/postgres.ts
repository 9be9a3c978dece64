import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
