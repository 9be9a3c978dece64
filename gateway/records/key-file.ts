import { z } from "zod";
import { parseYaml } from "#infra/runtime/config/parse-yaml.ts";
import { readText } from "#infra/runtime/config/read-text.ts";
import { type KeyRecord, keyName } from "./api-key.ts";

const KeyFile = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[0-9a-f]{12}$/, "expected the 12 hexadecimal digits behind tw_"),
        name: keyName,
        hash: z.string().regex(/^[0-9a-f]{64}$/, "expected a SHA-256 in hexadecimal, not the key itself"),
      }),
    )
    .min(1, "expected at least one key; tradewind keys create NAME --file prints one"),
});

/** Keys for a gateway without a database: hashes in a file that may be committed or mounted. */
export async function readKeyFile(file: string): Promise<readonly KeyRecord[]> {
  const text = await readText(file, { what: `the keys in ${file}` });
  return parseYaml(text, KeyFile, { file }).keys;
}
