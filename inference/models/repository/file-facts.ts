import { createHash } from "node:crypto";
import { TradewindError } from "#infra/runtime/errors.ts";
import { type FileFacts, mostFilesOfVersion, type VersionListing } from "./model-source.ts";

/** One short text that changes with any of the files. */
export function stampOf(files: readonly FileFacts[]): string {
  const sorted = files.map(({ path, bytes, mark }) => [path, bytes, mark]).sort(byPath);
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 32);
}

export function versionOf(version: string, files: readonly FileFacts[]): VersionListing {
  return { version, stamp: stampOf(files), files };
}

/** Refuses a version that would fill the disk. */
export function refuseTooMuch(what: string, files: readonly FileFacts[], maxBytes: number): void {
  if (files.length > mostFilesOfVersion) {
    throw new TradewindError("model_unusable", `${what} has more than ${mostFilesOfVersion} files`);
  }
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes <= maxBytes) return;
  throw new TradewindError("model_unusable", `${what} is larger than ${maxBytes} bytes`);
}

/** Of a pinned version what is not pinned is left out, and what is pinned must be there. */
export function chooseFiles(
  what: string,
  files: readonly FileFacts[],
  pins: Readonly<Record<string, string>> | undefined,
): readonly FileFacts[] {
  if (!pins) return files;
  const missing = ["model.onnx", ...Object.keys(pins)].find(
    (path) => !Object.hasOwn(pins, path) || !files.some((file) => file.path === path),
  );
  if (missing === undefined) {
    return files.filter(({ path }) => Object.hasOwn(pins, path) || path === sidecar);
  }
  const gap = Object.hasOwn(pins, missing)
    ? `has no file ${missing}, which is pinned`
    : "has no pinned model.onnx";
  throw new TradewindError("model_unusable", `${what} ${gap}`);
}

/** What `sha256sum model.onnx > model.onnx.sha256` writes. */
export const sidecar = "model.onnx.sha256";

function byPath([one]: readonly unknown[], [other]: readonly unknown[]): number {
  return String(one) < String(other) ? -1 : 1;
}
