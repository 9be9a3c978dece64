import { createHash } from "node:crypto";
import { TradewindError } from "#infra/runtime/errors.ts";
import { listKey, timestampKey } from "./list-names.ts";
import {
  type AnyList,
  delegatingList,
  encodeList,
  rootList,
  signList,
  snapshotList,
  timestampList,
} from "./lists.ts";
import { newestOf, versionsInStore } from "./lists-in-store.ts";
import { usualLives } from "./lives.ts";
import type { Call, Repository } from "./repository.ts";
import type { SigningKey } from "./signing-key.ts";

export type Founders = {
  readonly root: readonly SigningKey[];
  readonly rootThreshold: number;
  readonly targets: readonly SigningKey[];
  readonly targetsThreshold: number;
  readonly online: SigningKey;
};

/** What devices are given to begin with: they take the first root only with this hash. */
export type Created = { readonly rootSha256: string };

/** A repository without a model. Its root is written last, so that half a repository is none and is made anew. */
export async function createRepository(
  repository: Repository,
  founders: Founders,
  call: Call,
): Promise<Created> {
  refuseWeak(founders);
  const versions = await versionsInStore(repository, call);
  if (newestOf(versions, "root") > 0) {
    throw new TradewindError("record_exists", "there is a repository here already", {
      hint: "its keys are exchanged with: tradewind models rotate",
    });
  }
  const { store, clock, lives } = repository;
  const [now, life] = [clock.now(), { ...usualLives, ...lives }];
  const first = (ms: number) => ({ version: 1, expiresAtMs: now + ms });
  const { root, targets, online } = founders;
  const signers = {
    root: { keys: publicOf(root), threshold: founders.rootThreshold },
    targets: { keys: publicOf(targets), threshold: founders.targetsThreshold },
    online: { keys: [online.publicHex], threshold: 1 },
  };
  const signed = (list: AnyList, keys: readonly SigningKey[]): Uint8Array => {
    signList(list, keys);
    return encodeList(list);
  };
  const rootBytes = signed(rootList(signers, first(life.root)), root);
  const snapshot = snapshotList(new Map([["targets", 1]]), first(life.snapshot));
  const timestamp = timestampList(1, {
    ...first(life.timestamp),
    ...{ version: Math.floor(now / 60_000), signedAtMs: now },
  });
  const write = (key: string, bytes: Uint8Array) => store.write(key, bytes, call);
  await write(
    listKey({ role: "targets", version: 1 }),
    signed(delegatingList([], first(life.targets)), targets),
  );
  await write(listKey({ role: "snapshot", version: 1 }), signed(snapshot, [online]));
  await write(timestampKey, signed(timestamp, [online]));
  await write(listKey({ role: "root", version: 1 }), rootBytes);
  return { rootSha256: createHash("sha256").update(rootBytes).digest("hex") };
}

function publicOf(keys: readonly SigningKey[]): readonly string[] {
  return keys.map(({ publicHex }) => publicHex);
}

/** The online key lies where the internet reaches: it must not be one of those that say what may run. */
function refuseWeak({ root, rootThreshold, targets, targetsThreshold, online }: Founders): void {
  refuseThreshold("root", root, rootThreshold);
  refuseThreshold("targets", targets, targetsThreshold);
  if (![...root, ...targets].some(({ id }) => id === online.id)) return;
  throw new TradewindError("signing_refused", "the online key is also one of root or targets", {
    hint: "give the process a key of its own, which can sign nothing but freshness",
  });
}

function refuseThreshold(role: string, keys: readonly SigningKey[], threshold: number): void {
  const different = new Set(keys.map(({ id }) => id)).size;
  if (different === keys.length && Number.isInteger(threshold) && threshold >= 1 && threshold <= different)
    return;
  throw new TradewindError(
    "parameter_invalid",
    `${role} cannot want ${threshold} of ${different} different keys`,
  );
}
