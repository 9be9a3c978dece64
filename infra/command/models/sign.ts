import { readFile, writeFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import process from "node:process";
import { installStaged, signStaged } from "#gateway/repository/staged-lists.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { listed, positions, requiredList } from "./read-repository-flags.ts";
import { tellSigned } from "./tell-signed.ts";
import { checkOnlineKey, readKeys, withRepository } from "./with-repository.ts";

const options = {
  key: { type: "string", multiple: true },
  store: { type: "string" },
  "online-key": { type: "string", multiple: true },
} as const;

/** `models sign FILE`: one more signature under a list that waits for it; with a store, published once they are enough. */
export function sign(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [file = ""] = positions(positionals, 1, "sign FILE --key KEY.pem [--store URL] [--online-key O.pem]");
  const keyFiles = requiredList("key", values.key);
  const { store } = values;
  return async () => {
    const keys = await readKeys(keyFiles);
    const staged = { fileName: basename(file), bytes: await readList(file) };
    if (store === undefined) {
      await writeFile(file, signStaged(staged, keys));
      process.stdout.write(`${file}: signed by ${keys.map(({ id }) => id.slice(0, 12)).join(", ")}\n`);
      return 0;
    }
    return await withRepository(store, async (at) => {
      // A root may be what names the key in the first place.
      if (!staged.fileName.endsWith(".root.json")) await checkOnlineKey(at, listed(values["online-key"]));
      const signed = await installStaged(at.repository, staged, { keys, signal: at.signal });
      const ask = { stage: dirname(file), onlineKey: listed(values["online-key"]) };
      process.stdout.write(`${(await tellSigned(at, signed, ask)).join("\n")}\n`);
      return 0;
    });
  };
}

async function readList(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new TradewindError("signing_refused", `the list in ${file} cannot be read`, { cause });
  }
}
