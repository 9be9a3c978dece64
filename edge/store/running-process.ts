import { readFile } from "node:fs/promises";

/** A process told from every other, since numbers are used again: in which run of the machine it is, and when it began. */
export type RunningProcess = {
  readonly pid: number;
  readonly boot: string;
  /** Empty for a process that is not there, and everywhere but on Linux, where the number alone must do. */
  readonly began: string;
};

export async function readProcess(pid: number): Promise<RunningProcess> {
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const line = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state = "", ...fields] = line.slice(line.lastIndexOf(")") + 2).split(" ");
  // One that ended and that nobody has asked after yet is still listed.
  const isOver = state === "Z" || state === "X";
  return { pid, boot: boot.trim(), began: isOver ? "" : (fields[18] ?? "") };
}

/** Is the process of then the one that has the number now? */
export function sameProcess(then: RunningProcess, now: RunningProcess): boolean {
  if (then.boot !== now.boot || then.began !== now.began) return false;
  return now.began !== "" || isThere(then.pid);
}

/** Where nothing more is known of a process than its number; one of somebody else's is there too. */
function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
