/**
 * Has every core the instructions with which 8-bit products add up without saturating? Reads the text of
 * `/proc/cpuinfo`: VNNI on x86; dot products, or the matrix form of them, on arm64. Where there is no such text the
 * answer is no, which costs some speed and never a wrong result.
 */
export function hasVnni(cpuinfo: string): boolean {
  let cores = 0;
  for (const line of cpuinfo.split("\n")) {
    const [, features] = /^(?:flags|Features)\s*:(.*)$/.exec(line) ?? [];
    if (features === undefined) continue;
    cores += 1;
    if (!features.split(/\s+/).some((feature) => wideEnough.has(feature))) return false;
  }
  return cores > 0;
}

const wideEnough = new Set(["avx512_vnni", "avx_vnni", "asimddp", "i8mm", "svei8mm"]);
