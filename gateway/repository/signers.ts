import { TradewindError } from "#infra/runtime/errors.ts";
import type { FamilySigners, RootList, RootSigners, Signers, TargetsList } from "./lists.ts";
import { roleOf } from "./seal-list.ts";
import { keyIdOf, type SigningKey } from "./signing-key.ts";

/** How a role's signers are to change; without anything in it, they stay. */
export type SignersChange = {
  /** Public keys in hex. */
  readonly add: readonly string[];
  /** Ids of keys, or how they begin. */
  readonly drop: readonly string[];
  readonly threshold: number | undefined;
};

export function rootSignersOf(root: RootList): RootSigners {
  return {
    root: signersOf(root, "root"),
    targets: signersOf(root, "targets"),
    online: signersOf(root, "timestamp"),
  };
}

export function familiesOf(targets: TargetsList): readonly FamilySigners[] {
  const models = Object.keys(targets.signed.delegations?.roles ?? {});
  return models.map((model) => ({ model, ...signersOf(targets, model) }));
}

export function isChange({ add, drop, threshold }: SignersChange): boolean {
  return add.length > 0 || drop.length > 0 || threshold !== undefined;
}

export function changedSigners({ keys, threshold }: Signers, role: string, change: SignersChange): Signers {
  const dropped = new Set(change.drop.map((begin) => keyBeginning(keys, begin, role)));
  const left = [...new Set([...keys.filter((key) => !dropped.has(key)), ...change.add])];
  const wanted = change.threshold ?? threshold;
  if (left.length >= wanted && wanted >= 1) return { keys: left, threshold: wanted };
  throw new TradewindError(
    "parameter_invalid",
    `${role} would have ${left.length} keys and want ${wanted} of them`,
    {
      hint: "add a key, or say --threshold",
    },
  );
}

/** The online key lies where the internet reaches: what it signs must never be what says which files may run. */
export function refuseOnlineElsewhere(online: readonly string[], others: readonly string[]): void {
  const both = online.find((key) => others.includes(key));
  if (both === undefined) return;
  throw new TradewindError(
    "signing_refused",
    `the key ${keyIdOf(both).slice(0, 12)} would be the online key and sign what may run`,
    {
      hint: "give the process that keeps the repository fresh a key of its own",
    },
  );
}

export function publicKeysOf(keys: readonly SigningKey[]): readonly string[] {
  return keys.map(({ publicHex }) => publicHex);
}

function signersOf(by: RootList | TargetsList, role: string): Signers {
  const { keyIDs = [], threshold = 1 } = roleOf({ by, role }) ?? {};
  const { signed } = by;
  const known = signed.type === "root" ? signed.keys : (signed.delegations?.keys ?? {});
  return { keys: keyIDs.map((id) => known[id]?.keyVal.public).filter((key) => key !== undefined), threshold };
}

function keyBeginning(keys: readonly string[], begin: string, role: string): string {
  const [found, ...more] = keys.filter((key) => keyIdOf(key).startsWith(begin));
  if (found !== undefined && more.length === 0 && begin.length >= 6) return found;
  throw new TradewindError(
    "parameter_invalid",
    `${begin.slice(0, 64)} is none of the keys of ${role}, or not one alone`,
    {
      hint: `they begin with: ${keys.map((key) => keyIdOf(key).slice(0, 12)).join(", ")}`,
    },
  );
}
