import { TradewindError } from "#infra/runtime/errors.ts";
import { fileNameOf } from "./list-names.ts";
import { type AnyList, encodeList, isSignedFor, type RootList, signList, type TargetsList } from "./lists.ts";
import type { SigningKey } from "./signing-key.ts";

/** Whoever says which keys sign a role; of a new root both the root before it and itself. */
export type Delegator = { readonly by: RootList | TargetsList; readonly role: string };

/** A list that waits for more signatures, as a file that is handed round. */
export type Staged = {
  readonly fileName: string;
  readonly bytes: Uint8Array;
  readonly role: string;
  readonly version: number;
  readonly signatures: number;
  /** Of a new root, as the root says whose keys are the first to be too few. */
  readonly threshold: number;
};

/** Signs with those keys that may sign; undefined where enough have, else what waits for the others. */
export function sealList(
  list: AnyList,
  keys: readonly SigningKey[],
  delegators: readonly [Delegator, ...Delegator[]],
): Staged | undefined {
  const [{ role }] = delegators;
  const may = new Set(delegators.flatMap((delegator) => keyIdsOf(delegator)));
  refuseStrangers(role, keys, may);
  signList(list, keys);
  const lacking = delegators.find(({ by }) => !isSignedFor(by, role, list));
  if (!lacking) return undefined;
  const { version } = list.signed;
  return {
    ...{ fileName: fileNameOf({ role, version }), bytes: encodeList(list), role, version },
    signatures: keyIdsOf(lacking).filter((id) => Object.hasOwn(list.signatures, id)).length,
    threshold: roleOf(lacking)?.threshold ?? 1,
  };
}

export function keyIdsOf(delegator: Delegator): readonly string[] {
  return roleOf(delegator)?.keyIDs ?? [];
}

export function roleOf({ by, role }: Delegator) {
  const { signed } = by;
  return signed.type === "root" ? signed.roles[role] : signed.delegations?.roles?.[role];
}

/** A person who signs with a key that does not count would think that it did. */
function refuseStrangers(role: string, keys: readonly SigningKey[], may: ReadonlySet<string>): void {
  const stranger = keys.find(({ id }) => !may.has(id));
  if (!stranger) return;
  const named = [...may].map((id) => id.slice(0, 12)).join(", ");
  throw new TradewindError("signing_refused", `the key ${stranger.id.slice(0, 12)} does not sign ${role}`, {
    hint: `the keys that do begin with: ${named}`,
  });
}
