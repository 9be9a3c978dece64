import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Algorithm = "ES256" | "RS256" | "PS256" | "EdDSA";

type SigningKey = { readonly algorithm: Algorithm; readonly secret: KeyObject };

/** How it answers from now on, in place of well. */
export type IdentityFault =
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "body"; readonly body: string }
  | { readonly kind: "redirect"; readonly to: string }
  | { readonly kind: "hang" };

export type FakeIdentityProvider = AsyncDisposable & {
  readonly issuer: string;
  readonly jwks: string;
  /** The paths of all requests. */
  readonly requests: readonly string[];
  /** Makes a key; from then on it is published under this name. */
  readonly addKey: (kid: string, algorithm?: Algorithm) => void;
  /** Goes on signing with it, but publishes it no more. */
  readonly withdrawKey: (kid: string) => void;
  readonly publicKey: (kid: string) => KeyObject;
  /** A token as the library of some issuer would write it, with these claims and header fields over the usual ones. */
  readonly issue: (claims?: Record<string, unknown>, header?: Record<string, unknown>) => string;
  readonly breakWith: (fault: IdentityFault | undefined) => void;
  readonly goAway: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
};

export type IdentityOptions = {
  /** The time at which it issues, in milliseconds. */
  readonly now: () => number;
  readonly path?: string;
};

/** An issuer of tokens on the loopback: OpenID configuration, keys, and signatures made with node:crypto alone. */
export async function startIdentityProvider({
  now,
  path = "",
}: IdentityOptions): Promise<FakeIdentityProvider> {
  const keys = new Map<string, SigningKey>();
  const published = new Map<string, JsonWebKey>();
  const requests: string[] = [];
  let fault: IdentityFault | undefined;
  let issuer = "";
  const answer = (url: string): string | undefined => {
    if (url === `${path}/keys`) return JSON.stringify({ keys: [...published.values()] });
    if (url !== `${path}/.well-known/openid-configuration`) return undefined;
    return JSON.stringify({ issuer, jwks_uri: `${issuer}/keys` });
  };
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((request, response) => {
      requests.push(request.url ?? "");
      respond(response, answer(request.url ?? ""), fault);
    });
    await once(server.listen(port, "127.0.0.1"), "listening");
    return server;
  };
  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  issuer = `http://127.0.0.1:${port}${path}`;
  const goAway = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.closeAllConnections();
    server.close();
    await closed;
  };
  const keyOf = (kid: unknown): SigningKey => {
    const key = keys.get(String(kid));
    if (!key) throw new Error(`the identity provider has no key ${kid}`);
    return key;
  };
  return {
    issuer,
    jwks: `${issuer}/keys`,
    requests,
    addKey: (kid, algorithm = "ES256") => {
      const secret = generate(algorithm);
      keys.set(kid, { algorithm, secret });
      const open = createPublicKey(secret).export({ format: "jwk" });
      published.set(kid, { ...open, kid, alg: algorithm, use: "sig" });
    },
    withdrawKey: (kid) => void published.delete(kid),
    publicKey: (kid) => createPublicKey(keyOf(kid).secret),
    issue: (claims = {}, header = {}) => {
      const kid = header.kid ?? [...keys.keys()][0];
      const key = keyOf(kid);
      const seconds = Math.floor(now() / 1_000);
      const times = { iat: seconds, exp: seconds + 300 };
      const usual = { iss: issuer, aud: "tradewind", sub: "alice", tenant: "acme", scope: "infer usage" };
      return signed(
        { alg: key.algorithm, typ: "at+jwt", kid, ...header },
        { ...usual, ...times, ...claims },
        key,
      );
    },
    breakWith: (next) => {
      fault = next;
    },
    goAway,
    comeBack: async () => {
      server = await listen(port);
    },
    [Symbol.asyncDispose]: goAway,
  };
}

function respond(response: ServerResponse, body: string | undefined, fault: IdentityFault | undefined): void {
  if (fault?.kind === "hang") return;
  if (fault?.kind === "redirect") return void response.writeHead(302, { location: fault.to }).end();
  if (fault?.kind === "status") return void response.writeHead(fault.status).end("{}");
  if (body === undefined) return void response.writeHead(404).end();
  response.writeHead(200, { "content-type": "application/json" });
  response.end(fault?.kind === "body" ? fault.body : body);
}

function generate(algorithm: Algorithm): KeyObject {
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519").privateKey;
  rsa ??= generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  return rsa;
}

/** One for all tests of a process, since it takes long to find the primes. */
let rsa: KeyObject | undefined;

/** Two parts in base64url with a dot between, which is what is signed. */
export function unsigned(header: object, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}`;
}

function signed(header: object, claims: object, { algorithm, secret }: SigningKey): string {
  const text = unsigned(header, claims);
  const bytes = Buffer.from(text);
  const signature = {
    ES256: () => sign("sha256", bytes, { key: secret, dsaEncoding: "ieee-p1363" }),
    RS256: () => sign("sha256", bytes, secret),
    PS256: () => sign("sha256", bytes, { key: secret, padding: 6, saltLength: 32 }),
    EdDSA: () => sign(null, bytes, secret),
  }[algorithm]();
  return `${text}.${signature.toString("base64url")}`;
}
