import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionProvider } from "./messages.ts";

export type Machine = {
  readonly platform: string;
  readonly arch: string;
  readonly exists: (path: string) => boolean;
};

/**
 * Why a provider cannot work on this machine, as far as a look at its files tells; undefined where it is worth trying.
 * Asking onnxruntime costs little too, but it complains on standard error before it says no.
 */
export function missingFor(provider: ExecutionProvider, machine: Machine): string | undefined {
  if (provider === "cuda" || provider === "tensorrt") {
    const library = libraryName(provider, machine.platform);
    if (library !== undefined && machine.exists(join(bindings(machine), library))) return undefined;
    return "its library is not installed beside onnxruntime";
  }
  if (provider === "webgpu" && machine.platform === "linux" && !machine.exists("/dev/dri"))
    return "no graphics device in /dev/dri";
  return undefined;
}

/** Where this code runs. */
export const thisMachine: Machine = { platform: platform(), arch: arch(), exists: existsSync };

function libraryName(provider: "cuda" | "tensorrt", system: string): string | undefined {
  if (system === "linux") return `libonnxruntime_providers_${provider}.so`;
  return system === "win32" ? `onnxruntime_providers_${provider}.dll` : undefined;
}

function bindings({ platform, arch }: Machine): string {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  return join(dirname(dirname(entry)), "bin", "napi-v6", platform, arch);
}
