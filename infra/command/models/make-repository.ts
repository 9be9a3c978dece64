import process from "node:process";
import { createRepository } from "#gateway/repository/create-repository.ts";
import { openOnlineKey } from "#gateway/repository/online-key.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { positions, required, requiredList, wholeNumber } from "./read-repository-flags.ts";
import { makeStore, readKeys, withRepository } from "./with-repository.ts";

const options = {
  store: { type: "string" },
  "root-key": { type: "string", multiple: true },
  threshold: { type: "string", default: "1" },
  "targets-key": { type: "string", multiple: true },
  "targets-threshold": { type: "string", default: "1" },
  "online-key": { type: "string" },
} as const;

/** `models repository`: an empty repository, and the hash of its first root, which devices are given. */
export function makeRepository(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  positions(
    positionals,
    0,
    "repository --store URL --root-key A.pem,B.pem --targets-key T.pem --online-key O.pem",
  );
  const store = required("store", values.store);
  const rootKeys = requiredList("root-key", values["root-key"]);
  const targetsKeys = requiredList("targets-key", values["targets-key"]);
  const onlineKey = required("online-key", values["online-key"]);
  const rootThreshold = wholeNumber("threshold", values.threshold);
  const targetsThreshold = wholeNumber("targets-threshold", values["targets-threshold"]);
  return async () => {
    const online = await openOnlineKey(onlineKey, process.env);
    const [root, targets] = [await readKeys(rootKeys), await readKeys(targetsKeys)];
    await makeStore(store);
    const { rootSha256 } = await withRepository(store, ({ repository, signal }) =>
      createRepository(repository, { root, rootThreshold, targets, targetsThreshold, online }, { signal }),
    );
    process.stdout.write(`an empty repository in ${store}\nits first root is ${rootSha256}\n`);
    return 0;
  };
}
