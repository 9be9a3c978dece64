import { readdir, readFile } from "node:fs/promises";

/** All processes below `pid`, itself left out. Reads /proc, so Linux only. */
export async function descendants(pid: number): Promise<readonly number[]> {
  const children = Map.groupBy(await readParents(), ({ parent }) => parent);
  const found: number[] = [];
  const visit = (parent: number): void => {
    for (const child of children.get(parent) ?? []) {
      found.push(child.pid);
      visit(child.pid);
    }
  };
  visit(pid);
  return found;
}

/** The name the kernel shows, or undefined when the process is gone. */
export async function processName(pid: number): Promise<string | undefined> {
  return (await readProc(pid, "comm"))?.trim();
}

/**
 * The memory that belongs to these processes: proportional set size, which counts a page shared by n processes as one
 * nth in each, so that PostgreSQL's shared buffers and Node's own code are not counted once per process.
 */
export async function proportionalBytes(pids: readonly number[]): Promise<number> {
  const rollups = await Promise.all(pids.map((pid) => readProc(pid, "smaps_rollup")));
  const kilobytes = rollups.map((rollup) => Number(rollup?.match(/^Pss:\s+(\d+) kB/m)?.[1] ?? 0));
  return kilobytes.reduce((sum, part) => sum + part, 0) * 1024;
}

/** The resident memory of these processes, shared pages counted in each: right for watching growth, cheap to read. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const states = await Promise.all(pids.map((pid) => readProc(pid, "status")));
  const kilobytes = states.map((status) => Number(status?.match(/^VmRSS:\s+(\d+) kB/m)?.[1] ?? 0));
  return kilobytes.reduce((sum, part) => sum + part, 0) * 1024;
}

/** Every file that these processes have mapped: their libraries and native addons. */
export async function mappedFiles(pids: readonly number[]): Promise<readonly string[]> {
  const maps = await Promise.all(pids.map((pid) => readProc(pid, "maps")));
  const paths = maps.flatMap((map) => [...(map ?? "").matchAll(/ (\/.*)$/gm)].map((match) => match[1] ?? ""));
  return [...new Set(paths)];
}

async function readParents(): Promise<readonly { readonly pid: number; readonly parent: number }[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  return await Promise.all(
    pids.map(async (pid) => {
      const stat = (await readProc(pid, "stat")) ?? "";
      // The name in brackets may itself hold brackets and blanks; what follows the last one is numbers.
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return { pid, parent: Number(parent) };
    }),
  );
}

/** A process may end between the listing and the reading: then there is nothing to read. */
async function readProc(pid: number, file: string): Promise<string | undefined> {
  return await readFile(`/proc/${pid}/${file}`, "utf8").catch(() => undefined);
}
