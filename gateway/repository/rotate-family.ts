import { TradewindError } from "#infra/runtime/errors.ts";
import { nextDelegations, openDelegations, writeDelegations } from "./change-delegations.ts";
import { openFamily, type Signed, writeFamily } from "./change-family.ts";
import type { Call, Repository } from "./repository.ts";
import {
  changedSigners,
  familiesOf,
  isChange,
  refuseOnlineElsewhere,
  rootSignersOf,
  type SignersChange,
} from "./signers.ts";
import type { SigningKey } from "./signing-key.ts";

export type FamilyRotation = Call & {
  readonly model: string;
  readonly change: SignersChange;
  readonly targetsKeys: readonly SigningKey[];
  /** Enough of those that sign the family from now on. */
  readonly familyKeys: readonly SigningKey[];
};

/**
 * Exchanges a family's keys: its list signed anew by the new ones, then the list that names them; a snapshot takes both
 * together. Without a change the family's list alone is signed anew, for another while.
 */
export async function rotateFamily(repository: Repository, ask: FamilyRotation): Promise<Signed> {
  const { model, change, targetsKeys, familyKeys, signal } = ask;
  const family = await openFamily(repository, ask);
  if (!isChange(change)) {
    return await writeFamily(repository, family, { files: family.files, keys: familyKeys, signal });
  }
  const open = await openDelegations(repository, { signal });
  const families = familiesOf(open.targets).map((known) =>
    known.model === model ? { model, ...changedSigners(known, model, change) } : known,
  );
  const signers = families.flatMap((one) => (one.model === model ? one.keys : []));
  refuseOnlineElsewhere(rootSignersOf(open.root).online.keys, signers);
  const next = nextDelegations(repository, open, families);
  const signed = await writeFamily(
    repository,
    { ...family, targets: next },
    { files: family.files, keys: familyKeys.filter(({ publicHex }) => signers.includes(publicHex)), signal },
  );
  if ("staged" in signed) throw tooFew(model, signed.staged.threshold);
  return await writeDelegations(repository, next, { root: open.root, keys: targetsKeys, signal });
}

function tooFew(model: string, threshold: number): TradewindError {
  return new TradewindError(
    "signing_refused",
    `${model} needs ${threshold} of its new keys to sign its list`,
    {
      hint: "give them with --family-key; nothing changed",
    },
  );
}
