import type { JSONWebKeySet } from "jose";
import { z } from "zod";
import { isLoopback, isTrustworthy, type JwtIssuer } from "./bearer-issuer.ts";

export type Fetch = typeof globalThis.fetch;

export type Fetching = { readonly fetch: Fetch; readonly signal: AbortSignal };

const configuration = z.object({ issuer: z.string(), jwks_uri: z.string().max(2_000) });

const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** The keys that an issuer signs with now, straight from it or from where its OpenID configuration says. */
export async function fetchKeys(
  { issuer, jwks }: Pick<JwtIssuer, "issuer" | "jwks">,
  fetching: Fetching,
): Promise<JSONWebKeySet> {
  const { keys } = keySet.parse(await fetchJson(jwks ?? (await discover(issuer, fetching)), fetching));
  return { keys: keys.filter(isPublicKey) };
}

/** A secret among them would make whoever checks a token able to write one, and has no business there. */
function isPublicKey(key: { readonly kty: string; readonly d?: unknown }): boolean {
  return ["RSA", "EC", "OKP"].includes(key.kty) && key.d === undefined;
}

/** The configuration must be that issuer's own, or one could bring the keys of another. */
async function discover(issuer: string, fetching: Fetching): Promise<string> {
  const address = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = configuration.parse(await fetchJson(address, fetching));
  if (found.issuer !== issuer) throw new Error("the OpenID configuration is of another issuer");
  const isOurs = isTrustworthy(found.jwks_uri) && (!isLoopback(found.jwks_uri) || isLoopback(issuer));
  if (!isOurs) throw new Error("the OpenID configuration names an address for keys that cannot be trusted");
  return found.jwks_uri;
}

async function fetchJson(address: string, { fetch, signal }: Fetching): Promise<unknown> {
  const headers = { accept: "application/json" };
  const response = await fetch(address, { headers, signal, redirect: "error" });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the issuer answered with status ${response.status}`);
  }
  return JSON.parse(await readText(response));
}

const mostBytes = 256 * 1_024;

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels what is still to come.
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > mostBytes) throw new Error(`the issuer's answer has more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
