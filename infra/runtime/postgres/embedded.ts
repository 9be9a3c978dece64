import { dirname } from "node:path";
import { type Chance, systemChance } from "../chance.ts";
import { makeFolder } from "../make-folder.ts";
import { findBinaries } from "./binaries.ts";
import { clearOrphan, ensureCluster } from "./cluster.ts";
import { giveFolder } from "./give-folder.ts";
import { takeFolder } from "./owner.ts";
import { startServer } from "./server-process.ts";
import { usualPath } from "./spawn-quietly.ts";
import { chooseLaunch } from "./unprivileged.ts";

/**
 * A PostgreSQL of this process's own, for a laptop and for tests. It goes through these states in order:
 *
 *   TAKING     the folder is taken for this process, or the one that has it is named
 *   MAKING     first use only: initdb writes beside the final name and is renamed, so a kill leaves nothing half-made
 *   CLEARING   after a crash: a server that outlived its parent on this folder is stopped
 *   STARTING   the server runs but refuses connections while it recovers
 *   OPEN       it answers; `url` leads there
 *   CLOSED     it was told to shut down (open transactions end), was waited for, and the folder is free
 */
export type EmbeddedPostgres = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  readonly close: () => Promise<void>;
};

export type EmbeddedOptions = {
  readonly folder: string;
  readonly signal?: AbortSignal;
  readonly startTimeoutMs?: number;
  /** Where the programs are looked for that let root start a server. */
  readonly path?: string;
  readonly chance?: Chance;
};

export async function openEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { folder, startTimeoutMs = 20_000, path = usualPath, chance = systemChance } = options;
  const limit = AbortSignal.timeout(startTimeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  const { initdb, postgres } = await findBinaries();
  await makeFolder(folder);
  await using opening = new AsyncDisposableStack();
  opening.use(await takeFolder(folder));
  const programs = dirname(postgres);
  const launch = await chooseLaunch({ uid: process.getuid?.(), path, programs, folder });
  const cluster = await ensureCluster({ folder, initdb, launch, chance, signal });
  await clearOrphan(cluster.place, signal);
  if (launch.owner) await giveFolder(cluster.place, launch.owner);
  const { url, pid } = opening.use(await startServer({ cluster, postgres, launch, signal }));
  const opened = opening.move();
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= opened.disposeAsync();
    return closing;
  };
  return { url, pid, close, [Symbol.asyncDispose]: close };
}
