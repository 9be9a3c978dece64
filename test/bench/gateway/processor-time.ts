import { readFile } from "node:fs/promises";

/** Milliseconds of processor time that each process has used so far, in steps of ten. Reads /proc, so Linux only. */
export type ProcessorTimes = ReadonlyMap<number, number>;

/** A process that is gone is left out, as nginx's helpers are after a while. */
export async function processorTimes(pids: readonly number[]): Promise<ProcessorTimes> {
  const times = new Map<number, number>();
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
    if (stat !== undefined) times.set(pid, readStat(stat));
  }
  return times;
}

/** What was used between the two, by those that lived through it. */
export function spentMs(before: ProcessorTimes, after: ProcessorTimes): number {
  let spent = 0;
  for (const [pid, ms] of after) spent += ms - (before.get(pid) ?? ms);
  return spent;
}

/** Linux counts in hundredths of a second for its readers, whatever it ticks in itself. */
const tickMs = 10;

function readStat(stat: string): number {
  // The name in brackets may itself hold brackets and blanks; what follows the last one is numbers.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
