import { execFile } from "node:child_process";
import os from "node:os";
import { promisify } from "node:util";

/** Where a result comes from, so that it can be believed or repeated. */
export type Provenance = {
  readonly commit: string;
  /** The tree held changes that the commit lacks, results aside. */
  readonly dirty: boolean;
  readonly machine: Machine;
};

export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
};

export async function readProvenance(root: string): Promise<Provenance> {
  const results = ["bench", "soak", "faults"].map((kind) => `:!test/${kind}/results`);
  const changes = ["status", "--porcelain", "--", ".", ...results];
  return {
    commit: await git(root, ["rev-parse", "HEAD"]),
    dirty: (await git(root, changes)) !== "",
    machine: readMachine(),
  };
}

function readMachine(): Machine {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? "unknown",
    cores: os.availableParallelism(),
    memoryGb: Math.round(os.totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
  };
}

async function git(root: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)("git", [...args], { cwd: root });
  return stdout.trim();
}
