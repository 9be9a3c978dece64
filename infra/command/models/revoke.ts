import process from "node:process";
import { revokeReleases } from "#gateway/repository/revoke-releases.ts";
import type { Revocations } from "#inference/artefacts/artefact.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { TradewindError } from "#infra/runtime/errors.ts";
import { listed, required, requiredList, wholeNumber } from "./read-repository-flags.ts";
import { tellSigned } from "./tell-signed.ts";
import { checkOnlineKey, readKeys, withRepository } from "./with-repository.ts";

const options = {
  store: { type: "string" },
  below: { type: "string" },
  key: { type: "string", multiple: true },
  "online-key": { type: "string", multiple: true },
  stage: { type: "string", default: "." },
} as const;

/** `models revoke MODEL RELEASE`, or `--below N`: no device runs it from its next look on. */
export function revoke(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const [model = "", release, ...more] = positionals;
  const { below } = values;
  if (!model || more.length > 0 || (release === undefined) === (below === undefined)) {
    throw new TradewindError(
      "request_malformed",
      "expected: tradewind models revoke MODEL RELEASE|--below N --store URL --key F.pem",
    );
  }
  const what =
    below === undefined
      ? { release: wholeNumber("release", release ?? "") }
      : { below: wholeNumber("below", below) };
  const store = required("store", values.store);
  const keyFiles = requiredList("key", values.key);
  const ask = { stage: values.stage, onlineKey: listed(values["online-key"]) };
  return async () => {
    const keys = await readKeys(keyFiles);
    return await withRepository(store, async (at) => {
      await checkOnlineKey(at, ask.onlineKey);
      const { list, revocations } = await revokeReleases(at.repository, {
        model,
        what,
        keys,
        signal: at.signal,
      });
      const lines = list ? await tellSigned(at, list, ask) : ["it was revoked before"];
      process.stdout.write(`${[inWords(model, revocations), ...lines].join("\n")}\n`);
      return 0;
    });
  };
}

/** All that is revoked by now, not only what this call added. */
function inWords(model: string, { sha256: { length }, below }: Revocations): string {
  const files = `${length} ${length === 1 ? "file" : "files"} of ${model}`;
  const older = below > 0 ? ` and every release below ${below}` : "";
  return `revoked by now: ${files}${older}`;
}
