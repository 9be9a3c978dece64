import { hash } from "node:crypto";

/** Where an answer is kept: the tag is the tenant, and the name has the tenant in it too. */
export type CacheKey = { readonly tag: string; readonly name: string };

export type CacheKeyParts = {
  readonly tenant: string;
  readonly model: string;
  readonly version: string;
  /** A precision, or the name of a declared set of artefacts whose answers are taken for each other's. */
  readonly answerClass: string;
  /** In one canonical form, since other text is another key. */
  readonly parameters: string;
  /** Of the image. */
  readonly digest: string;
};

/** Changes with what a key or an entry means, so that gateways of two releases never read each other's entries. */
const encoding = "tradewind answer 1 ";

/** One key for each list of parts: every part goes in with its length, so that no two lists make the same text. */
export function cacheKey(parts: CacheKeyParts): CacheKey {
  const { tenant, model, version, answerClass, parameters, digest } = parts;
  const text =
    encoding +
    measured(tenant) +
    measured(model) +
    measured(version) +
    measured(answerClass) +
    measured(parameters) +
    measured(digest);
  return { tag: tenant, name: hash("sha256", text, "base64url") };
}

/** Half a surrogate pair would be hashed as any other half: such text goes in escaped, and marked as escaped. */
function measured(part: string): string {
  if (part.isWellFormed()) return `${part.length}:${part}`;
  const escaped = JSON.stringify(part);
  return `${escaped.length}~${escaped}`;
}
