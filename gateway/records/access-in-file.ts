import { hash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { AccessSource } from "./access-source.ts";
import { parseKeyFile, readKeyFileText } from "./key-file.ts";

/** Tenants and keys of a file, read again when it was written since, and taken over when it says something else. */
export function accessInFile(file: string): AccessSource {
  let seen: { readonly stamp: string; readonly digest: string } | undefined;
  return {
    read: async () => {
      const stamp = await stampOf(file);
      if (stamp !== undefined && stamp === seen?.stamp) return unchanged;
      const text = await readKeyFileText(file);
      const digest = hash("sha256", text, "hex");
      const isSame = digest === seen?.digest;
      const change = isSame ? unchanged : { isWhole: true, ...parseKeyFile(text, { file }) };
      // Only now: a file that is wrong is complained of until it is right.
      seen = { stamp: stamp ?? "", digest };
      return change;
    },
  };
}

const unchanged = { isWhole: false, tenants: [], keys: [] } as const;

/** What is not there is told by whoever reads it. */
async function stampOf(file: string): Promise<string | undefined> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found && `${found.mtimeNs}:${found.ctimeNs}:${found.size}:${found.ino}`;
}
