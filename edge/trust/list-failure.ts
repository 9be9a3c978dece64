import { EqualVersionError, ExpiredMetadataError } from "tuf-js/dist/error.js";
import { TradewindError } from "#infra/runtime/errors.ts";

/** Says for an operator why the verification did not take a list; its own words stay in the cause. */
export function listFailure(error: unknown, role: string): TradewindError {
  if (error instanceof TradewindError) return error;
  if (error instanceof ExpiredMetadataError) return expired(role, error);
  const told = error instanceof Error ? error.message.slice(0, 200) : "it could not be read";
  return new TradewindError("repository_refused", `the repository's ${role} list does not hold: ${told}`, {
    cause: error,
  });
}

/** The same list again is no news and no failure. */
export function isSameVersion(error: unknown): boolean {
  return error instanceof EqualVersionError;
}

export function expired(role: string, cause?: unknown): TradewindError {
  return new TradewindError(
    "repository_expired",
    `the repository's ${role} list has expired, or the root list before it: updates rest`,
    {
      cause,
      hint: "publish it anew, or look whether an old copy is served or this device's clock is wrong; answers go on",
    },
  );
}
