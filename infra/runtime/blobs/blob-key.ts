import { TradewindError } from "../errors.ts";

/** What S3 and GCS allow, the narrowest of the four. */
export const maxNameBytes = 1_024;

/** What a file system allows. */
const maxSegmentBytes = 255;

/**
 * No leading dot, so that no key climbs and none meets an unfinished file; no trailing dot or space, which some places
 * drop; nothing that needs escaping in a shell, a URL or on Windows beyond what every client escapes.
 */
const segmentPattern = /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N} ._,+=@()~-]*[\p{L}\p{M}\p{N}_,+=@()~-])?$/u;

/** Keys come from manifests and devices: whatever could name another place than it says is refused. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw invalid("key", key);
}

/** A folder is `""` or ends in a slash. */
export function checkFolder(folder: string): void {
  if (folder !== "" && !(folder.endsWith("/") && isKey(folder.slice(0, -1)))) throw invalid("folder", folder);
}

export function isKey(key: string): boolean {
  if (key.length > maxNameBytes || Buffer.byteLength(key) > maxNameBytes) return false;
  // Two spellings of one letter would be two objects in a cloud and one file on some disks.
  if (key !== key.normalize()) return false;
  return key.split("/").every((segment) => segmentPattern.test(segment) && fits(segment));
}

/** Versions travel in headers and queries. */
export function checkVersion(version: string | undefined): void {
  if (version === undefined || /^[\x20-\x7e]{1,1024}$/.test(version)) return;
  throw new TradewindError("blob_invalid", "a blob's version is printable ASCII, at most 1024 characters");
}

/** The name of a blob in its bucket. */
export function nameOf(base: string, key: string): string {
  const name = base + key;
  if (Buffer.byteLength(name) <= maxNameBytes) return name;
  throw new TradewindError(
    "blob_invalid",
    `a key of this store has at most ${maxNameBytes - base.length} bytes`,
  );
}

function fits(segment: string): boolean {
  return Buffer.byteLength(segment) <= maxSegmentBytes;
}

function invalid(what: "key" | "folder", text: string): TradewindError {
  return new TradewindError(
    "blob_invalid",
    `${JSON.stringify(text.slice(0, 100))} cannot be a blob's ${what}`,
    {
      hint: "use names of letters, digits and _ . , + = @ ( ) ~ - between single slashes, none beginning with a dot",
    },
  );
}
