import { expect, test } from "vitest";
import { hasVnni } from "#infra/runtime/hardware/cpu.ts";

const x86 = (...flags: readonly string[]): string =>
  flags
    .map((of, core) => `processor\t: ${core}\nmodel name\t: A CPU avx_vnni\nflags\t\t: fpu sse2 ${of}\n`)
    .join("\n");
const arm = (features: string): string =>
  `processor\t: 0\nFeatures\t: fp asimd ${features}\nCPU part\t: 0xd0c\n`;

test.each([
  ["AVX-512 VNNI", x86("avx512f avx512_vnni", "avx512f avx512_vnni"), true],
  ["AVX VNNI", x86("avx2 avx_vnni"), true],
  ["AVX2 alone", x86("avx2 fma"), false],
  ["one core without it", x86("avx_vnni", "avx2"), false],
  ["a name that only looks like it", x86("avx512_vnni_off xavx_vnni"), false],
  ["arm64 with dot products", arm("asimddp atomics"), true],
  ["arm64 with i8mm", arm("i8mm bf16"), true],
  ["arm64 with neither", arm("aes crc32"), false],
  ["no text", "", false],
  ["another text", "hello\nflags", false],
  ["no features", "flags\t\t:\n", false],
])("VNNI is found right on %s", (_what, cpuinfo, found) => {
  expect(hasVnni(cpuinfo)).toBe(found);
});
