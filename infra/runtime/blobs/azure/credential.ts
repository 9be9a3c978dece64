import type { BlobServiceClient, BlobServiceClientOptions } from "@azure/storage-blob";
import { TradewindError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import type { AzurePlace } from "../blob-url.ts";
import type { Patience } from "../bucket.ts";

/** Without one, only what anyone may read. A source of tokens is what `@azure/identity` calls a credential. */
export type AzureCredential =
  | { readonly connectionString: Secret }
  | { readonly sas: Secret }
  | { readonly tokens: AzureTokens };

export type AzureTokens = {
  readonly getToken: (
    scopes: string | string[],
  ) => Promise<{ readonly token: string; readonly expiresOnTimestamp: number } | null>;
};

export async function openService(
  place: AzurePlace,
  patience: Patience,
  credential: AzureCredential | undefined,
): Promise<BlobServiceClient> {
  const { BlobServiceClient } = await import("@azure/storage-blob");
  const url = place.endpoint ?? `https://${place.account}.blob.core.windows.net`;
  const options = clientOptions(patience);
  if (credential === undefined || place.anonymous) return new BlobServiceClient(url, undefined, options);
  if ("tokens" in credential) return new BlobServiceClient(url, credential.tokens, options);
  if ("sas" in credential) {
    const sas = credential.sas.reveal().replace(/^\?/, "");
    return new BlobServiceClient(`${url}?${sas}`, undefined, options);
  }
  const service = fromConnectionString(BlobServiceClient, credential.connectionString, options);
  if (service.accountName === place.account) return service;
  throw invalid(`it is of another account than ${place.account}`);
}

function fromConnectionString(
  client: typeof BlobServiceClient,
  text: Secret,
  options: BlobServiceClientOptions,
): BlobServiceClient {
  try {
    return client.fromConnectionString(text.reveal(), options);
  } catch {
    // What the client says may repeat the string.
    throw invalid("it is none");
  }
}

function clientOptions(patience: Patience): BlobServiceClientOptions {
  return {
    retryOptions: {
      maxTries: patience.attempts,
      retryDelayInMs: Math.min(200, patience.maxRetryDelayMs),
      maxRetryDelayInMs: patience.maxRetryDelayMs,
    },
  };
}

function invalid(why: string): TradewindError {
  return new TradewindError("config_invalid", `the connection string for the blobs cannot be used: ${why}`);
}
