import process from "node:process";
import { addFamily } from "#gateway/repository/add-family.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { listed, positions, required, requiredList, wholeNumber } from "./read-repository-flags.ts";
import { tellSigned } from "./tell-signed.ts";
import { checkOnlineKey, readKeys, withRepository } from "./with-repository.ts";

const options = {
  store: { type: "string" },
  "targets-key": { type: "string", multiple: true },
  "family-key": { type: "string", multiple: true },
  threshold: { type: "string", default: "1" },
  "online-key": { type: "string", multiple: true },
  stage: { type: "string", default: "." },
} as const;

/** `models family MODEL`: whose keys sign what is published under a model's name. */
export function makeFamily(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [model = ""] = positions(
    positionals,
    1,
    "family MODEL --store URL --targets-key T.pem --family-key F.pem",
  );
  const store = required("store", values.store);
  const targets = requiredList("targets-key", values["targets-key"]);
  const family = requiredList("family-key", values["family-key"]);
  const threshold = wholeNumber("threshold", values.threshold);
  const ask = { stage: values.stage, onlineKey: listed(values["online-key"]) };
  return async () => {
    const [targetsKeys, familyKeys] = [await readKeys(targets), await readKeys(family)];
    return await withRepository(store, async (at) => {
      const { repository, signal } = at;
      await checkOnlineKey(at, ask.onlineKey);
      const signed = await addFamily(repository, { model, targetsKeys, familyKeys, threshold, signal });
      process.stdout.write(`${(await tellSigned(at, signed, ask)).join("\n")}\n`);
      return 0;
    });
  };
}
