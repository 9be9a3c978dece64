import { generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Vouches for whoever runs beside it, as the one of each machine in that cloud does. */
export type MetadataServer = {
  readonly host: string;
  /** How many tokens were asked of it. */
  readonly issued: () => { readonly access: number; readonly identity: number };
  readonly isAccess: (token: string) => boolean;
  /** Why a token does not let its holder in to these audiences; undefined where it does. */
  readonly refuses: (token: string, audiences: readonly string[]) => string | undefined;
  /** Nothing is issued until it is undone. */
  readonly setBroken: (isBroken: boolean) => void;
  readonly close: () => Promise<void>;
};

export type MetadataOptions = {
  readonly now: () => number;
  readonly identityMs: number;
  readonly complain: (problem: string) => void;
};

export async function startMetadataServer(options: MetadataOptions): Promise<MetadataServer> {
  const { now, identityMs, complain } = options;
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const access = new Set<string>();
  const counts = { access: 0, identity: 0 };
  let isBroken = false;
  const identityFor = (audience: string): string => {
    counts.identity += 1;
    const head = part({ alg: "ES256", typ: "JWT", kid: "fake" });
    const seconds = Math.floor(now() / 1_000);
    const body = part({
      iss: "https://accounts.google.com",
      aud: audience,
      iat: seconds,
      exp: seconds + identityMs / 1_000,
    });
    const key = { key: privateKey, dsaEncoding: "ieee-p1363" as const };
    return `${head}.${body}.${sign("sha256", Buffer.from(`${head}.${body}`), key).toString("base64url")}`;
  };
  const accessToken = (): string => {
    counts.access += 1;
    const token = `ya29.${randomBytes(12).toString("hex")}`;
    access.add(token);
    return JSON.stringify({ access_token: token, expires_in: 3_599, token_type: "Bearer" });
  };
  const bodyFor = (url: URL): string | undefined => {
    if (isBroken) return undefined;
    const path = url.pathname.replace(/^\/computeMetadata\/v1\//, "");
    if (Object.hasOwn(plain, path)) return plain[path];
    if (path === "instance/service-accounts/default/token") return accessToken();
    const audience = url.searchParams.get("audience");
    if (path !== "instance/service-accounts/default/identity" || audience === null) return undefined;
    if (url.searchParams.get("format") !== "full") complain("an identity token without format=full");
    return identityFor(audience);
  };
  const server = createServer((request, response) => answer(request, response, bodyFor, complain));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    issued: () => ({ ...counts }),
    isAccess: (token) => access.has(token),
    refuses: (token, audiences) => {
      const [head = "", body = "", signature = ""] = token.split(".");
      const key = { key: publicKey, dsaEncoding: "ieee-p1363" as const };
      const signed = Buffer.from(`${head}.${body}`);
      if (!verify("sha256", signed, key, Buffer.from(signature, "base64url")))
        return "the signature is not ours";
      const { aud, exp } = JSON.parse(Buffer.from(body, "base64url").toString()) as {
        aud: string;
        exp: number;
      };
      if (!audiences.includes(aud)) return `it is for ${aud}`;
      return 1_000 * exp <= now() ? "it has ended" : undefined;
    },
    setBroken: (broken) => {
      isBroken = broken;
    },
    close: async () => {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function answer(
  { headers, url = "/" }: IncomingMessage,
  response: ServerResponse,
  bodyFor: (url: URL) => string | undefined,
  complain: (problem: string) => void,
): void {
  const flavor = { "metadata-flavor": "Google" };
  if (headers["metadata-flavor"] !== "Google") {
    complain("the metadata server was asked without its header");
    response.writeHead(403, flavor).end();
    return;
  }
  const body = bodyFor(new URL(url, "http://metadata"));
  const type = body?.startsWith("{") ? "application/json" : "application/text";
  response.writeHead(body === undefined ? 404 : 200, { ...flavor, "content-type": type }).end(body);
}

const plain: Readonly<Record<string, string>> = {
  instance: "{}",
  "instance/": "{}",
  "universe/universe-domain": "googleapis.com",
  "project/project-id": "team-vision",
};

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
