import process from "node:process";
import type { Signed } from "#gateway/repository/change-family.ts";
import { openOnlineKey } from "#gateway/repository/online-key.ts";
import { rotateFamily } from "#gateway/repository/rotate-family.ts";
import { rotateTop } from "#gateway/repository/rotate-top.ts";
import { readFlags } from "#infra/runtime/config/read-flags.ts";
import { listed, optionalNumber, positions, required } from "./read-repository-flags.ts";
import { tellSigned } from "./tell-signed.ts";
import { type AtRepository, checkOnlineKey, readKeys, withRepository } from "./with-repository.ts";

const options = {
  store: { type: "string" },
  add: { type: "string", multiple: true },
  drop: { type: "string", multiple: true },
  threshold: { type: "string" },
  "root-key": { type: "string", multiple: true },
  "targets-key": { type: "string", multiple: true },
  "family-key": { type: "string", multiple: true },
  "online-key": { type: "string", multiple: true },
  stage: { type: "string", default: "." },
} as const;

type Ask = {
  readonly role: string;
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly threshold: number | undefined;
  readonly root: readonly string[];
  readonly targets: readonly string[];
  readonly family: readonly string[];
  readonly onlineKey: readonly string[];
};

/** `models rotate root|targets|online|MODEL`: other keys for a role, or without a change its list signed anew. */
export function rotate(args: string[]): () => Promise<number> {
  const { values, positionals } = readFlags({ args, options, allowPositionals: true });
  const usage =
    "rotate root|targets|online|MODEL --store URL [--add NEW.pem] [--drop KEY-ID] [--threshold N]";
  const [role = ""] = positions(positionals, 1, usage);
  const store = required("store", values.store);
  const ask: Ask = {
    role,
    ...{ add: listed(values.add), drop: listed(values.drop) },
    threshold: optionalNumber("threshold", values.threshold),
    root: listed(values["root-key"]),
    targets: listed(values["targets-key"]),
    family: listed(values["family-key"]),
    onlineKey: listed(values["online-key"]),
  };
  return () =>
    withRepository(store, async (at) => {
      // Of an exchange of online keys, one that is on its way in is not named yet.
      const isComing = role === "online" && ask.onlineKey.some((place) => ask.add.includes(place));
      if (!isComing) await checkOnlineKey(at, ask.onlineKey);
      const signed = await rotated(at, ask);
      // Whatever signed until now may be named no longer: the newest key goes on.
      const onlineKey = role === "online" ? ask.onlineKey.slice(-1) : ask.onlineKey;
      const lines = await tellSigned(at, signed, { stage: values.stage, onlineKey });
      process.stdout.write(`${lines.join("\n")}\n`);
      return 0;
    });
}

async function rotated({ repository, signal }: AtRepository, ask: Ask): Promise<Signed> {
  const { role, drop, threshold } = ask;
  const added = await readKeys(ask.add);
  const change = { add: added.map(({ publicHex }) => publicHex), drop, threshold };
  const targetsKeys = await readKeys(ask.targets);
  if (role !== "root" && role !== "targets" && role !== "online") {
    const familyKeys = await readKeys(ask.family);
    return await rotateFamily(repository, { model: role, change, targetsKeys, familyKeys, signal });
  }
  const onlineKeys = await Promise.all(ask.onlineKey.map((place) => openOnlineKey(place, process.env)));
  const rootKeys = await readKeys(ask.root);
  return await rotateTop(repository, { role, change, rootKeys, targetsKeys, onlineKeys, signal });
}
