import process from "node:process";
import { writeKeyFile } from "#gateway/repository/signing-key.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { positions } from "./read-repository-flags.ts";

/** `models keys OUT.pem`: a key that signs; its file is for nobody but its owner. */
export function makeKeys(args: string[]): () => Promise<number> {
  const { positionals } = readFlags({ args, options: {}, allowPositionals: true });
  const [path = ""] = positions(positionals, 1, "keys OUT.pem");
  return async () => {
    const { id } = await writeKeyFile(path);
    process.stdout.write(`${path}: a new Ed25519 key, ${id}\n`);
    return 0;
  };
}
