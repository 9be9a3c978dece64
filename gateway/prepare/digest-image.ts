import { createHash, hash } from "node:crypto";

/** SHA-256 over the pieces, as one text of 43 characters that may stand in a key or a URL. */
export function digestImage(pieces: readonly Uint8Array[]): string {
  const [first, ...others] = pieces;
  if (first && others.length === 0) return hash("sha256", first, "base64url");
  const digest = createHash("sha256");
  for (const piece of pieces) digest.update(piece);
  return digest.digest("base64url");
}
