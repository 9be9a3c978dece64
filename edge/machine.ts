import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import type { ArtefactTarget } from "#inference/artefacts/artefact.ts";
import { hasVnni } from "#infra/runtime/hardware/cpu.ts";
import { memoryRoom } from "#infra/runtime/hardware/memory.ts";

/** Above it the kernel may end the process at any moment. */
const shareOfMemory = 0.8;

/** What of its processor decides which file a machine runs. */
export function targetOf(arch: string, cpuinfo: string): ArtefactTarget {
  if (arch === "x64") return hasVnni(cpuinfo) ? "x64" : "x64-no-vnni";
  return arch === "arm64" ? "arm64" : "any";
}

/** Where a system does not tell, the processor is taken to be an old one. */
export function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}

/** In which run of the machine this is; empty where a system does not tell. */
export function readBoot(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** What models may take, in megabytes. */
export function modelMemoryMb(
  said: number | undefined,
  { constrainedMemory }: { readonly constrainedMemory: () => number },
): number {
  const room = memoryRoom({ constrainedBytes: constrainedMemory(), totalBytes: totalmem() });
  return Math.floor((said ?? shareOfMemory * room) / 1_000_000);
}
