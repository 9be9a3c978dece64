import { TradewindError } from "#infra/runtime/errors.ts";
import { type Asked, runFailure } from "./translate-errors.ts";

/** Why a call could not even be signed. The library's errors carry keys and tokens, so of them only the words are kept. */
export function credentialsFailure(error: unknown, asked: Asked): TradewindError {
  if (error instanceof TradewindError || asked.signal?.aborted) return runFailure(error, asked);
  const words = error instanceof Error ? error.message.slice(0, 300) : "";
  const cause = new Error(words);
  if (words.startsWith("Cannot fetch ID token"))
    return new TradewindError(
      "provider_forbidden",
      "a person's credentials give no identity tokens for services",
      {
        cause,
        hint: "run this process as a service account, or set `auth: none` for a service that is public",
      },
    );
  if (/default credentials|credentials? file|is not a file|JSON object/i.test(words))
    return new TradewindError("provider_forbidden", "this process has no credentials for Google Cloud", {
      cause,
      hint: "run it as a service account, or set GOOGLE_APPLICATION_CREDENTIALS to a file that holds one's credentials",
    });
  return new TradewindError("provider_unavailable", `${asked.what}: nobody vouches for this process now`, {
    cause,
    hint: "its credentials could not be renewed; the metadata server or Google's sign-in did not answer as it must",
  });
}
