import { TradewindError } from "#infra/runtime/errors.ts";

export type ListName = { readonly role: string; readonly version: number };

/** The one list that is replaced in place; all others have their version in their name. */
export const timestampKey = "metadata/timestamp.json";

export const listFolder = "metadata/";

/** Far below what a number holds exactly, and more than anybody ever signs. */
export const mostVersion = 2 ** 31 - 1;

export function listKey({ role, version }: ListName): string {
  return `${listFolder}${fileNameOf({ role, version })}`;
}

export function fileNameOf({ role, version }: ListName): string {
  return `${version}.${role}.json`;
}

/** `7.digits-n.json`, with or without folders before it; undefined for anything else. */
export function readListName(name: string): ListName | undefined {
  const pattern = /(?:^|\/)([1-9]\d{0,9})\.([A-Za-z0-9][A-Za-z0-9._-]{0,63})\.json$/;
  const [, digits, role] = pattern.exec(name) ?? [];
  const version = Number(digits);
  return role === undefined || version > mostVersion ? undefined : { role, version };
}

/** A family's name is a role's name, a file's name and a key of objects in readers that we did not write. */
export function checkFamily(model: string): void {
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(model) && !model.endsWith(".");
  if (isName && !topRoles.has(model.toLowerCase()) && !(model in {})) return;
  throw new TradewindError(
    "parameter_invalid",
    `"${model.slice(0, 64)}" cannot be the name of a model family`,
    {
      hint: "use letters, digits, dots, dashes and underscores; root, targets, snapshot and timestamp are taken",
    },
  );
}

const topRoles: ReadonlySet<string> = new Set(["root", "targets", "snapshot", "timestamp"]);
