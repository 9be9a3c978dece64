import { hash } from "node:crypto";
import { z } from "zod";
import type { Chance } from "#infra/runtime/chance.ts";
import type { Limits, Scope } from "../caller.ts";

/** What whoever shows a key may do. */
export type KeyRights = {
  readonly tenant: string;
  readonly scopes: readonly Scope[];
  readonly models: readonly string[] | "all";
  readonly origins: readonly string[];
  readonly limits: Limits;
  /** In milliseconds since 1970, from which on it opens nothing. */
  readonly expiresAt?: number;
};

/** What is stored of a key. */
export type KeyRecord = KeyRights & { readonly id: string; readonly name: string; readonly hash: string };

/** The rights of a key for which nobody named any. */
export const usualRights = {
  tenant: "default",
  scopes: ["infer", "usage"],
  models: "all",
  origins: [],
  limits: { rates: [] },
} as const satisfies KeyRights;

/** One line that a list can show; control characters could make two of it. */
export const keyName = z
  .string()
  .regex(/^[^\p{Cc}]{1,100}$/u, "expected a name of 1 to 100 characters without control characters");

export const keyId = z.string().regex(/^[0-9a-f]{12}$/, "expected the 12 hexadecimal digits behind tw_");

/** A new key: the text goes to its owner once, the record is kept. */
export function createApiKey(
  name: string,
  chance: Chance,
  rights: Partial<KeyRights> = {},
): { readonly text: string; readonly record: KeyRecord } {
  const id = Buffer.from(chance.bytes(6)).toString("hex");
  const text = `tw_${id}_${Buffer.from(chance.bytes(24)).toString("base64url")}`;
  return { text, record: { ...usualRights, ...rights, id, name, hash: hashKey(text) } };
}

/** A key is long and random, so one plain hash hides it; a slow one would only make every request slow. */
export function hashKey(text: string): string {
  return hash("sha256", text, "hex");
}

/** Whether a text could be one of ours at all, which spares the hash and keeps a stray password out of the look-up. */
export function looksLikeKey(text: string): boolean {
  return /^tw_[0-9a-f]{12}_[A-Za-z0-9_-]{32}$/.test(text);
}
