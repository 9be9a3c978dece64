import { TradewindError } from "#infra/runtime/errors.ts";
import { nextDelegations, openDelegations, writeDelegations } from "./change-delegations.ts";
import { type Signed, writeFamily } from "./change-family.ts";
import { checkFamily } from "./list-names.ts";
import { nextVersion } from "./lists-in-store.ts";
import type { Call, Repository } from "./repository.ts";
import { changedSigners, familiesOf, publicKeysOf, refuseOnlineElsewhere, rootSignersOf } from "./signers.ts";
import type { SigningKey } from "./signing-key.ts";

export type NewFamily = Call & {
  readonly model: string;
  readonly targetsKeys: readonly SigningKey[];
  /** All of them, since its first list is signed by them right away. */
  readonly familyKeys: readonly SigningKey[];
  readonly threshold: number;
};

/** A model family without a release: its own first list, and then the list that says whose keys sign it. */
export async function addFamily(repository: Repository, ask: NewFamily): Promise<Signed> {
  const { model, targetsKeys, familyKeys, threshold, signal } = ask;
  checkFamily(model);
  const open = await openDelegations(repository, { signal });
  const families = familiesOf(open.targets);
  const same = families.find((family) => family.model.toLowerCase() === model.toLowerCase());
  if (same) throw exists(same.model);
  const none = { keys: [], threshold };
  const signers = changedSigners(none, model, { add: publicKeysOf(familyKeys), drop: [], threshold });
  refuseOnlineElsewhere(rootSignersOf(open.root).online.keys, signers.keys);
  const next = nextDelegations(repository, open, [...families, { model, ...signers }]);
  const first = { model, targets: next, nextVersion: nextVersion(open.versions, model, 0) };
  await writeFamily(repository, first, { files: new Map(), keys: familyKeys, signal });
  return await writeDelegations(repository, next, { root: open.root, keys: targetsKeys, signal });
}

function exists(model: string): TradewindError {
  return new TradewindError("record_exists", `this repository has a model family ${model} already`, {
    hint: `exchange its keys with: tradewind models rotate ${model}`,
  });
}
