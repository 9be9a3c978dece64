import { mostVersion, readListName, timestampKey } from "./list-names.ts";

/** A file of the repository as it is asked for. */
export type RepositoryAddress =
  | { readonly kind: "list"; readonly key: string; readonly isImmutable: boolean }
  | { readonly kind: "file"; readonly key: string; readonly sha256: string };

/**
 * Only names that a repository gives: the lists, and files with their hash in their name. Anything else is undefined, so
 * that no path climbs and none shows what else lies in the store.
 */
export function readAddress(path: string): RepositoryAddress | undefined {
  if (path === timestampKey) return { kind: "list", key: path, isImmutable: false };
  if (path.startsWith("metadata/")) {
    const isList = path.split("/").length === 2 && readListName(path) !== undefined;
    return isList ? { kind: "list", key: path, isImmutable: true } : undefined;
  }
  const [, release, sha256 = ""] = releaseFile.exec(path) ?? revocationsFile.exec(path) ?? [];
  if (sha256 === "" || Number(release ?? 1) > mostVersion) return undefined;
  return { kind: "file", key: path, sha256 };
}

const name = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}";
const releaseFile = new RegExp(
  `^targets/${name}/([1-9]\\d{0,9})/(?:any|x64|x64-no-vnni|arm64)/([0-9a-f]{64})\\.(?:model\\.onnx|golden\\.json|blocks)$`,
);
const revocationsFile = new RegExp(`^targets/${name}()/([0-9a-f]{64})\\.revocations\\.json$`);
